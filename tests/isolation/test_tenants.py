"""One gateway for two tenants: whose people reach what, and what an outage costs."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deploy import postgrest
from deploy.background import ServiceError, served
from deploy.process import free_port
from tests.acceptance.answers import accepted, refused
from tests.fleet import Ship, launch, new_id
from tests.gateway.waiting import eventually
from tests.isolation.conftest import ALIASES, MASTER, gateway_service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    from deploy.state import Secrets
    from tests.isolation.conftest import Api, World

NORTH, SOUTH = ALIASES
# A service may run no RPC of ours yet: this one shows where it got to.
WHERE_AM_I = """
CREATE FUNCTION public.where_am_i() RETURNS text LANGUAGE sql STABLE
AS $$ SELECT current_setting('part_lens.tenant') $$;
GRANT EXECUTE ON FUNCTION public.where_am_i() TO anon, authenticated, service_role;
"""


@pytest.fixture(scope="module")
def fleets(world: World) -> Mapping[str, Ship]:
    """A manned yacht of each tenant, whose people have accounts."""
    ships = {alias: launch(world.fleets[alias], 10) for alias in ALIASES}
    for alias, ship in ships.items():
        for person in ship.people.values():
            world.account(person, alias)
    return ships


@pytest.fixture(scope="module", autouse=True)
def signposts(world: World) -> None:
    """Each tenant's database says which it is."""
    for alias in ALIASES:
        with world.clusters[alias].connect("part_lens") as connection:
            connection.execute(WHERE_AM_I)
            connection.execute(
                f"ALTER DATABASE part_lens SET part_lens.tenant = '{alias}'"
            )


@pytest.fixture(scope="module")
def api(
    world: World, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """A gateway that believes MASTER for a second."""
    service = gateway_service(world, secrets, {"PART_LENS_MASTER_CACHE": "1"})
    log = tmp_path_factory.mktemp("gateway") / "log"
    with serving(service, secrets, log) as running:
        yield running


def consume(api: Api, ship: Ship, person: Any = None) -> httpx.Response:
    """Take one unit of a ship's part; as its captain if nobody else is named."""
    return api.post("consume_part", ship.movement(1), person or ship.captain)


def log_without_passwords(world: World, api: Api) -> str:
    """Return what the gateway logged; neither MASTER's nor a tenant's is in it."""
    text = api.log.read_text(encoding="utf-8")
    for cluster in world.clusters.values():
        for password in cluster.passwords.values():
            assert password not in text
    return text


@pytest.mark.parametrize("alias", ALIASES)
def test_people_reach_their_own_tenant(
    world: World, fleets: Mapping[str, Ship], api: Api, alias: str
) -> None:
    """What they do is in their ledger and in no other."""
    ship = fleets[alias]
    body = accepted(consume(api, ship))
    found = {
        name: [
            str(row["transaction_id"])
            for row in world.fleets[name].movements(ship.stock_id)
        ][-1:]
        for name in ALIASES
    }
    assert found == {name: [] for name in ALIASES} | {alias: [body["transaction_id"]]}


@pytest.mark.parametrize(("alias", "other"), [(NORTH, SOUTH), (SOUTH, NORTH)])
def test_people_do_not_reach_another_tenant(
    world: World, fleets: Mapping[str, Ship], api: Api, alias: str, other: str
) -> None:
    """Not even a person who has a role there too: MASTER decides, not the yacht."""
    captain, ship = fleets[alias].captain, fleets[other]
    world.fleets[other].execute(
        "INSERT INTO public.auth_users_roles (user_id, yacht_id, role)"
        " VALUES (%s, %s, 'captain')",
        [captain, ship.yacht_id],
    )
    before = world.fleets[other].on_hand(ship.yacht_id)
    refused(consume(api, ship, captain), 403, "not_on_yacht")
    # As for a yacht that does not exist.
    unknown = api.post("consume_part", ship.movement(1, p_yacht_id=new_id()), captain)
    assert unknown.json() == consume(api, ship, captain).json()
    assert world.fleets[other].on_hand(ship.yacht_id) == before
    actors = {row["actor_id"] for row in world.fleets[other].audit(ship.yacht_id)}
    assert captain not in actors


def test_who_has_no_tenant_is_told_why(
    world: World, fleets: Mapping[str, Ship], api: Api
) -> None:
    """A clear 403 each, whatever role they have on a yacht."""
    world.tenant("PAST", active=False)
    ship = fleets[NORTH]
    left, past, nobody = (
        world.fleets[NORTH].people(ship.yacht_id, ["crew", "eto", "purser"]).values()
    )
    world.account(left, NORTH, active=False)
    world.account(past, "PAST")
    bodies = {
        code: refused(consume(api, ship, person), 403, code)
        for code, person in {
            "account_unknown": nobody,
            "account_inactive": left,
            "tenant_inactive": past,
        }.items()
    }
    assert len({body["message"] for body in bodies.values()}) == 3
    assert all(body["hint"] for body in bodies.values())
    # Nor are they told of which tenant.
    assert "PAST" not in str(bodies)
    assert NORTH not in str(bodies)


@pytest.mark.parametrize("subject", ["captain", "", None])
def test_subject_that_is_no_person_has_no_account(
    fleets: Mapping[str, Ship], api: Api, subject: Any
) -> None:
    """MASTER knows people by UUID; others need not be asked for."""
    ship = fleets[NORTH]
    token = api.token(subject)
    answer = api.post("consume_part", ship.movement(1), token=token)
    refused(answer, 403, "account_unknown")


@pytest.mark.parametrize("role", ["service_role", "anon"])
def test_token_without_a_person_names_its_tenant(api: Api, role: str) -> None:
    """By the claim tenant_key_alias, in any case."""
    for alias in (NORTH, SOUTH, SOUTH.lower()):
        answer = api.post(
            "where_am_i", {}, token=api.token(None, role=role, tenant=alias)
        )
        assert accepted(answer) == alias.upper()
    for alias in ("WEST", "", "NORTH; DROP"):
        token = api.token(None, role=role, tenant=alias)
        refused(api.post("where_am_i", {}, token=token), 403, "tenant_unknown")


def test_service_that_names_no_tenant_is_told_so(api: Api) -> None:
    """There is no tenant to guess."""
    body = refused(
        api.post("where_am_i", {}, token=api.token(None, role="service_role")),
        403,
        "tenant_missing",
    )
    assert "tenant_key_alias" in body["hint"]


def test_person_cannot_name_a_tenant(fleets: Mapping[str, Ship], api: Api) -> None:
    """The claim is for those whom MASTER does not know."""
    token = api.token(fleets[NORTH].captain, tenant=SOUTH)
    assert accepted(api.post("where_am_i", {}, token=token)) == NORTH


def test_nobody_has_no_tenant(api: Api) -> None:
    """As PostgREST answers where nobody is let in without a token."""
    for token in (None, api.token(None, role="anon")):
        answer = api.post("where_am_i", {}, token=token)
        refused(answer, 401, "PGRST302")
        assert answer.headers["www-authenticate"] == "Bearer"


def where(api: Api, person: Any) -> Any:
    """The tenant that a person gets to, or the refusal's code."""
    answer = api.post("where_am_i", {}, person)
    body = answer.json()
    return body if answer.status_code == 200 else body["code"]


def test_moved_person_is_followed(world: World, api: Api) -> None:
    """Within the cache's time, into the other tenant, out and back in."""
    person = new_id()
    assert where(api, person) == "account_unknown"
    world.account(person, NORTH)
    eventually(lambda: where(api, person) == NORTH)
    world.account(person, SOUTH)
    eventually(lambda: where(api, person) == SOUTH)
    world.account(person, SOUTH, active=False)
    eventually(lambda: where(api, person) == "account_inactive")
    world.account(person, NORTH)
    eventually(lambda: where(api, person) == NORTH)


def test_burst_asks_master_once(
    world: World, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Twenty calls of a person whom the gateway does not know yet, and twenty more."""
    person = new_id()
    world.account(person, SOUTH)
    log = tmp_path_factory.mktemp("gateway") / "log"
    service = gateway_service(world, secrets, {})
    with serving(service, secrets, log) as api, ThreadPoolExecutor(20) as callers:
        for _ in range(2):
            answers = list(callers.map(lambda _: where(api, person), range(20)))
            assert answers == [SOUTH] * 20
    assert world.look_ups(person) == 1


def test_tenant_without_a_url_is_unavailable(
    world: World, fleets: Mapping[str, Ship], api: Api
) -> None:
    """MASTER knows of a tenant that this gateway was not told of: not its people's."""
    world.tenant("WEST")
    person = new_id()
    world.account(person, "WEST")
    answer = consume(api, fleets[NORTH], person)
    refused(answer, 503, "tenant_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert "WEST" in api.log.read_text(encoding="utf-8")


def test_tenant_that_is_down_is_down_for_its_people_only(
    world: World, fleets: Mapping[str, Ship], api: Api
) -> None:
    """503 to come back, while the others go on; and all is well when it is back."""
    eventually(lambda: api.ready()[1]["not_ready"] == [])
    accepted(consume(api, fleets[SOUTH]))
    with world.outage(SOUTH):

        def away() -> bool:
            answer = consume(api, fleets[SOUTH])
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            return bool(answer.json()["code"] == "PGRST001")

        eventually(away)
        with ThreadPoolExecutor(8) as people:
            waiting = [people.submit(consume, api, fleets[SOUTH]) for _ in range(4)]
            for _ in range(5):
                accepted(consume(api, fleets[NORTH]))
            assert {call.result().status_code for call in waiting} == {503}
        # The gateway goes on for the others, so nobody should take it out of service.
        healthy = {"healthy": True, "master": True}
        eventually(lambda: api.ready() == (200, healthy | {"not_ready": [SOUTH]}))
    eventually(lambda: api.ready() == (200, healthy | {"not_ready": []}))
    accepted(consume(api, fleets[SOUTH]))
    assert "database away" in log_without_passwords(world, api)


def test_master_that_is_down_is_missed_by_newcomers_only(
    world: World, fleets: Mapping[str, Ship], api: Api
) -> None:
    """Who is known goes on, beyond the cache's time; the others get a 503."""
    newcomer = new_id()
    world.account(newcomer, SOUTH)
    assert where(api, fleets[NORTH].captain) == NORTH
    with world.outage(MASTER):
        eventually(lambda: where(api, newcomer) == "master_unavailable")
        eventually(lambda: api.ready()[1]["master"] is False)
        # By now the answers are older than a second; REFUSAL_FRESH is five.
        assert where(api, fleets[NORTH].captain) == NORTH
        accepted(consume(api, fleets[NORTH]))
        answer = api.post("where_am_i", {}, newcomer)
        refused(answer, 503, "master_unavailable")
        assert answer.headers["retry-after"] == "1"
        # At once, but from a gateway that has just begun and waits for all.
        eventually(lambda: api.ready()[0] == 200)
    eventually(lambda: where(api, newcomer) == SOUTH)
    eventually(lambda: api.ready()[1]["master"] is True)
    assert "master away" in log_without_passwords(world, api)


def test_master_that_hangs_is_as_one_that_is_down(
    world: World, fleets: Mapping[str, Ship], api: Api
) -> None:
    """A look-up that takes too long is given up; who is known does not wait for it."""
    newcomer = new_id()
    world.account(newcomer, SOUTH)
    assert where(api, fleets[NORTH].captain) == NORTH
    with world.fleets[MASTER].connection.transaction():
        world.fleets[MASTER].execute("LOCK TABLE master.user_accounts")
        assert where(api, newcomer) == "master_unavailable"
        assert where(api, fleets[NORTH].captain) == NORTH
    eventually(lambda: where(api, newcomer) == SOUTH)


def test_gateway_starts_while_a_tenant_is_down(
    world: World,
    fleets: Mapping[str, Ship],
    secrets: Secrets,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The others need not wait for it, and it joins when it comes."""
    service = gateway_service(world, secrets, {})
    live = replace(service, ready_url=f"{service.url}/live")
    log = tmp_path_factory.mktemp("gateway") / "log"
    with ExitStack() as running:
        with world.outage(SOUTH):
            api = running.enter_context(serving(live, secrets, log))
            eventually(lambda: where(api, fleets[NORTH].captain) == NORTH)
            answer = consume(api, fleets[SOUTH])
            refused(answer, 503, "PGRST002")
            assert answer.headers["retry-after"] == "1"
        eventually(lambda: where(api, fleets[SOUTH].captain) == SOUTH)
        eventually(lambda: api.ready()[0] == 200)


def test_postgrest_route_leads_to_the_own_tenant(
    world: World,
    fleets: Mapping[str, Ship],
    secrets: Secrets,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """With an upstream for each tenant."""
    logs = tmp_path_factory.mktemp("postgrest")
    urls = {}
    with ExitStack() as stack:
        for alias in ALIASES:
            try:
                upstream = postgrest.service(
                    database_url=world.clusters[alias].url("authenticator"),
                    jwt_secret=secrets.jwt_secret,
                    port=free_port(),
                )
            except ServiceError as error:
                # With Node here, the bootstrap should have installed it.
                if shutil.which("npm"):
                    raise
                pytest.skip(str(error))
            urls[f"TENANT_{alias}_POSTGREST_URL"] = stack.enter_context(
                served(upstream, logs / alias)
            )
        environment = {"PART_LENS_ROUTE": "postgrest", **urls}
        service = gateway_service(world, secrets, environment)
        api = stack.enter_context(serving(service, secrets, logs / "gateway"))
        for alias, other in ((NORTH, SOUTH), (SOUTH, NORTH)):
            accepted(consume(api, fleets[alias]))
            own = fleets[alias].captain
            refused(consume(api, fleets[other], own), 403, "not_on_yacht")
        refused(consume(api, fleets[NORTH], new_id()), 403, "account_unknown")


def test_login_of_the_look_up_may_do_nothing_else(world: World) -> None:
    """It could not even read who belongs where, one by one excepted."""
    master = world.clusters[MASTER]
    with master.connect("part_lens", user="master_resolver") as connection:
        relations = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            " AND c.relkind IN ('r', 'p', 'v', 'm', 'S')"
            " AND has_schema_privilege(n.oid, 'USAGE')"
            " AND has_any_column_privilege(c.oid, 'SELECT,INSERT,UPDATE,REFERENCES')"
        ).fetchall()
        functions = connection.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc AS p"
            " JOIN pg_namespace AS n ON n.oid = p.pronamespace"
            " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            " AND has_schema_privilege(n.oid, 'USAGE')"
            " AND has_function_privilege(p.oid, 'EXECUTE')"
        ).fetchall()
    assert relations == []
    assert functions == [("master.resolve_tenant(uuid)",)]
