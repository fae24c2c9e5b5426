"""The isolation matrix, tried: who reaches what, on whose yacht, in whose tenant."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.acceptance.scene import GOOD, SIGNED, Scene
from tests.fleet import Answer, Desk
from tests.isolation import matrix as matrix_file
from tests.isolation.catalogue import SCHEMAS, Slot, functions, relations, slots
from tests.isolation.conftest import ALIASES, gateway_service, serving
from tests.isolation.matrix import COMMANDS, FOREIGN, OTHER, OWN, PLACES
from tests.isolation.stage import (
    UUID_TEXT,
    digests,
    ids_of,
    outcome,
    set_stage,
    statement_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from deploy.state import Secrets
    from tests.isolation.conftest import Api, World
    from tests.isolation.matrix import Matrix
    from tests.isolation.stage import Stage

MATRIX: Matrix = matrix_file.read()
NORTH, SOUTH = ALIASES
UNKNOWN = UUID("0197bfff-0000-7000-8000-000000000000")


@pytest.fixture(scope="module")
def stage(world: World) -> Iterator[Stage]:
    """The two tenants, and everybody at home in the first."""
    clusters = world.clusters[NORTH], world.clusters[SOUTH]
    fleets = world.fleets[NORTH], world.fleets[SOUTH]
    with set_stage(*clusters, fleets) as found:
        for person in found.people.values():
            if person is not None:
                world.account(person, NORTH)
        yield found


@pytest.fixture(scope="module")
def api(
    world: World, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """A gateway for both tenants."""
    log = tmp_path_factory.mktemp("gateway") / "log"
    with serving(gateway_service(world, secrets, {}), secrets, log) as running:
        yield running


def listed(name: str, patterns: frozenset[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def test_every_table_and_view_is_in_the_matrix(stage: Stage) -> None:
    """And the matrix names none that is not there."""
    there = relations(stage.home)
    unreachable = {n for n in there if listed(n, MATRIX.unreachable_relations)}
    missing = there - unreachable ^ MATRIX.relations.keys()
    assert not missing, ", ".join(sorted(missing))
    assert [
        pattern
        for pattern in MATRIX.unreachable_relations
        if not any(fnmatch(name, pattern) for name in unreachable)
    ] == []


def test_every_function_is_in_the_matrix(stage: Stage) -> None:
    """And the matrix names none that is not there."""
    there = set(functions(stage.home, SCHEMAS))
    rpcs = {f"public.{name}" for name in (*MATRIX.rpcs, *MATRIX.services)}
    missing = there ^ (rpcs | MATRIX.unreachable_functions)
    assert not missing, ", ".join(sorted(missing))
    assert not rpcs & MATRIX.unreachable_functions
    assert MATRIX.rpcs.keys() == GOOD.keys()


def test_everybody_is_in_the_matrix(stage: Stage) -> None:
    """Each role of the schema, and those who have none."""
    everybody = {person for _, person in MATRIX.rpcs["consume_part"].outcomes}
    assert stage.people.keys() == everybody
    found = stage.home.execute(
        "SELECT DISTINCT unnest(roles) FROM private.action_registry"
    ).fetchall()
    assert {role for (role,) in found} <= everybody


@pytest.mark.parametrize("relation", MATRIX.relations)
@pytest.mark.parametrize("place", PLACES)
def test_there_is_something_to_see(stage: Stage, relation: str, place: str) -> None:
    """Or `none` would say nothing."""
    connection = stage.connection(place)
    statement = statement_for(connection, "select", relation)
    found = connection.execute(statement, {"yacht": stage.scenes[place].yacht_id})
    assert found.rowcount == 1


@pytest.mark.parametrize("relation", MATRIX.relations)
def test_relation(stage: Stage, relation: str) -> None:
    """Everybody, everywhere, by each command."""
    expected = {
        (command, *cell): outcome
        for command, outcomes in MATRIX.relations[relation].items()
        for cell, outcome in outcomes.items()
    }
    found = {
        (command, place, name): stage.reach(name, command, relation, place)
        for command, place, name in expected
    }
    assert found == expected


@pytest.mark.parametrize("function", MATRIX.rpcs)
def test_rpc_within_the_tenant(stage: Stage, function: str) -> None:
    """Everybody, on the own yacht and on the other one."""
    expected = {
        cell: outcome
        for cell, outcome in MATRIX.rpcs[function].outcomes.items()
        if cell[0] != FOREIGN
    }
    found = {}
    for place, name in expected:
        arguments = stage.arguments(function, place, name)
        with stage.undone() as connection:
            answer = stage.call(connection, name, function, arguments)
        found[place, name] = outcome(function, answer)
    assert found == expected


@pytest.mark.parametrize("function", MATRIX.rpcs)
def test_rpc_of_another_tenant(stage: Stage, api: Api, function: str) -> None:
    """Through the gateway, with ids that exist over there: nothing happens there."""
    expected = {
        name: outcome
        for (place, name), outcome in MATRIX.rpcs[function].outcomes.items()
        if place == FOREIGN
    }
    before = digests(stage.abroad)
    found = {}
    for name, person in stage.people.items():
        token = None
        if name == "service_role":
            token = api.token(None, role="service_role", tenant=NORTH)
        arguments = stage.arguments(function, FOREIGN, name)
        response = api.post(function, arguments, person, token=token)
        found[name] = outcome(function, Answer(response.status_code, response.json()))
    assert found == expected
    assert digests(stage.abroad) == before


@pytest.mark.parametrize("function", MATRIX.services)
def test_rpc_of_a_service(stage: Stage, function: str) -> None:
    """For a service, and for nobody else; without arguments it refuses or answers."""
    call = functions(stage.home, ["public"])[f"public.{function}"]
    found = {name: stage.run(name, f"SELECT {call}".encode()) for name in stage.people}
    assert found.pop("service_role") == "rows"
    assert set(found.values()) == {"denied"}


@pytest.mark.parametrize("role", ["captain", "anonymous", "service_role"])
def test_machinery_is_unreachable(stage: Stage, role: str) -> None:
    """No table and no function of it, for no role of the API."""
    tables = {
        (command, name): stage.reach(role, command, name, OWN)
        for name in relations(stage.home)
        if listed(name, MATRIX.unreachable_relations)
        for command in COMMANDS
    }
    assert len(tables) >= len(MATRIX.unreachable_relations) * len(COMMANDS)
    assert {cell: found for cell, found in tables.items() if found != "denied"} == {}
    calls = {
        name: stage.run(role, f"SELECT {call}".encode())
        for name, call in functions(stage.home, SCHEMAS).items()
        if name in MATRIX.unreachable_functions
    }
    assert len(calls) == len(MATRIX.unreachable_functions)
    assert {name: found for name, found in calls.items() if found != "denied"} == {}


def ids(scene: Scene, function: str, slot: Slot) -> UUID:
    """An id of the scene that a good call could have in a slot."""
    good = GOOD[function](scene)
    if not slot.key and slot.parameter in good:
        found = good[slot.parameter]
        return UUID(str(found[0] if slot.listed else found))
    kinds = {
        "part_id": scene.ship.part.part_id,
        "stock_id": scene.ship.stock_id,
        "location_id": scene.ship.locker,
        "item_id": scene.items["requested"],
        "user_id": scene.person("crew"),
        "yacht_id": scene.yacht_id,
    }
    for kind, value in kinds.items():
        if slot.kind.endswith(kind):
            return value
    # Keys that no RPC reads yet; a parameter must be of a kind that is known.
    assert slot.key, f"{function}: of what is the id in {slot}?"
    return scene.ship.part.part_id


def normalised(answer: Answer) -> tuple[int, Any]:
    """The answer without ids: which one was asked for is no difference."""
    return answer.status, UUID_TEXT.sub("id", json.dumps(answer.body))


@pytest.mark.parametrize("function", MATRIX.rpcs)
def test_id_of_the_other_yacht(stage: Stage, function: str) -> None:
    """In each place for an id: as if there were no such id, and nothing is written.

    The own yacht's id is taken there, so the refusal is the id's.
    """
    own, other = stage.scenes[OWN], stage.scenes[OTHER]
    secret = ids_of(stage.home, other.yacht_id) - ids_of(stage.home, own.yacht_id)
    assert len(secret) > 20
    spent = {"private.signatures"} if function in SIGNED else set()
    found = {}
    before = digests(stage.home, logging=own.yacht_id)
    good = stage.arguments(function, OWN, "captain")
    for slot in slots(stage.home, function, good):
        answers = {}
        tried = {"own": ids(own, function, slot), "other": ids(other, function, slot)}
        for which, value in (tried | {"unknown": UNKNOWN}).items():
            arguments = slot.filled(stage.arguments(function, OWN, "captain"), value)
            with stage.undone() as connection:
                answer = stage.call(connection, "captain", function, arguments)
                if which == "other" and answer.status >= 400:
                    after = digests(connection, logging=own.yacht_id)
                    written = {name for name in after if after[name] != before[name]}
                    # A code is spent before anything is looked up.
                    assert written <= spent, slot
            answers[which] = answer
        assert normalised(answers["other"]) == normalised(answers["unknown"]), slot
        told = set(UUID_TEXT.findall(json.dumps(answers["other"].body)))
        assert not told & secret - {str(tried["other"])}, slot
        is_read = normalised(answers["own"]) != normalised(answers["unknown"])
        # Of a key it may be unknown that it stands for an id; of a parameter it is not.
        assert is_read or slot.key, slot
        if is_read:
            assert outcome(function, answers["own"]) == "ok", slot
            found[str(slot)] = outcome(function, answers["other"])
    assert found == MATRIX.rpcs[function].ids


def paged(connection: psycopg.Connection) -> list[str]:
    found = connection.execute(
        "SELECT p.proname FROM pg_proc AS p"
        " WHERE p.pronamespace = 'public'::regnamespace"
        " AND 'p_after' = ANY (p.proargnames) ORDER BY p.proname"
    ).fetchall()
    return [name for (name,) in found]


def test_cursor_of_the_other_yacht_is_a_position_and_no_more(stage: Stage) -> None:
    """It opens nothing of the yacht that it comes from."""
    own, other = stage.scenes[OWN], stage.scenes[OTHER]
    secret = ids_of(stage.home, other.yacht_id) - ids_of(stage.home, own.yacht_id)
    lists = paged(stage.home)
    assert "search_parts" in lists
    for function in lists:
        with stage.undone() as connection:
            call, captain = Desk(connection), other.ship.captain
            rows = call(captain, function, **other.arguments(function)).body
        assert rows, function
        for row in rows:
            arguments = stage.arguments(function, OWN, "captain", p_after=row["cursor"])
            with stage.undone() as connection:
                answer = stage.call(connection, "captain", function, arguments)
            assert outcome(function, answer) == "ok"
            assert not set(UUID_TEXT.findall(json.dumps(answer.body))) & secret
