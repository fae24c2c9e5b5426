"""One person, many signatures at once: guesses, one good code, lost answers."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from deploy.tokens import mint
from tests.concurrency.conftest import PATIENCE
from tests.concurrency.together import at_once
from tests.fleet import PIN, Fleet, as_json, launch, new_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from deploy.state import Secrets
    from tests.fleet import Answer, Caller, Ship

# What enroll_signature hashes with: guesses meet under bcrypt, if anywhere.
COST = 10
WRONG = {"invalid_signature", "signature_busy", "signature_locked"}


@pytest.fixture
def ship(fleet: Fleet) -> Ship:
    """A ship whose captain signs."""
    found = launch(fleet, 100)
    fleet.enrol(found.captain, cost=COST)
    return found


def write_off(ship: Ship, **more: Any) -> dict[str, Any]:
    """Arguments of a write-off that the captain signs."""
    return ship.movement(
        1, **({"p_reason": "Wet", "p_signature": Fleet.code(ship.captain)} | more)
    )


def signed(fleet: Fleet, ship: Ship) -> int:
    """How many signatures of the captain were accepted."""
    return len(
        fleet.rows(
            "SELECT FROM private.signatures AS s WHERE s.user_id = %s", [ship.captain]
        )
    )


def test_parallel_guesses_stop_at_the_limit(
    call: Caller, fleet: Fleet, ship: Ship
) -> None:
    """Five of them are looked at, in as many waves as it takes; then no good one is."""
    codes: Counter[str | None] = Counter()
    waves = 0
    while codes["signature_locked"] < 30:
        waves += 1
        assert waves <= 20, codes
        guesses = [
            # No code has five digits.
            partial(
                call,
                ship.captain,
                "write_off_part",
                **write_off(ship, p_signature={"pin": PIN, "totp": f"{number:05}"}),
            )
            for number in range(30)
        ]
        codes.update(answer.code for answer in at_once(guesses))
    assert codes.keys() == WRONG
    assert codes["invalid_signature"] == 5
    assert fleet.failures(ship.captain) == 5
    answer = call(ship.captain, "write_off_part", **write_off(ship))
    assert (answer.status, answer.code) == (423, "signature_locked")
    assert signed(fleet, ship) == 0
    assert fleet.on_hand(ship.yacht_id)[ship.stock_id] == 100


def test_one_code_has_one_effect(call: Caller, fleet: Fleet, ship: Ship) -> None:
    """Of twenty calls with one good code one is carried out, whichever it is."""
    signature = Fleet.code(ship.captain)
    answers = at_once(
        [
            partial(
                call,
                ship.captain,
                "write_off_part",
                **write_off(ship, p_signature=signature),
            )
            for _ in range(20)
        ]
    )
    assert [answer.status for answer in answers].count(200) == 1
    assert {answer.code for answer in answers if answer.status != 200} <= WRONG
    assert signed(fleet, ship) == 1
    assert fleet.on_hand(ship.yacht_id)[ship.stock_id] == 99


def test_twins_share_one_signature(call: Caller, fleet: Fleet, ship: Ship) -> None:
    """Of one key the first call is signed; its twins hear of it and try nothing."""
    arguments = write_off(ship)
    twin = partial(call, ship.captain, "write_off_part", **arguments)
    answers = at_once([twin] * 20)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 19}
    assert {answer.code for answer in answers} == {None, "duplicate_idempotency_key"}
    assert (signed(fleet, ship), fleet.failures(ship.captain)) == (1, 0)
    assert fleet.on_hand(ship.yacht_id)[ship.stock_id] == 99


@pytest.mark.parametrize(
    "signature", [{}, {"pin": "000000"}, {"totp": "00000"}], ids=["same", "PIN", "code"]
)
def test_retry_costs_no_attempt(
    call: Caller, fleet: Fleet, ship: Ship, signature: dict[str, str]
) -> None:
    """The key says that it was done, before any signature is looked at."""
    arguments = write_off(ship)
    first = call(ship.captain, "write_off_part", **arguments)
    assert first.status == 200
    for _ in range(6):
        again = call(
            ship.captain,
            "write_off_part",
            **arguments | {"p_signature": arguments["p_signature"] | signature},
        )
        assert (again.status, again.code) == (409, "duplicate_idempotency_key")
        assert json.loads(again.body["details"]) == first.body
    assert (signed(fleet, ship), fleet.failures(ship.captain)) == (1, 0)
    assert fleet.on_hand(ship.yacht_id)[ship.stock_id] == 99


def test_success_does_not_forgive(call: Caller, ship: Ship) -> None:
    """Four failures, a good signature, a fifth: locked."""
    person = ship.captain
    for number in range(4):
        wrong = Fleet.code(person) | {"pin": f"31415{number}"}
        answer = call(person, "write_off_part", **write_off(ship, p_signature=wrong))
        assert answer.code == "invalid_signature"
    assert call(person, "write_off_part", **write_off(ship)).status == 200
    used = call(person, "write_off_part", **write_off(ship))
    assert used.code == "invalid_signature"
    assert call(person, "write_off_part", **write_off(ship)).status == 423


def test_the_newest_enrolment_code_counts(
    call: Caller, fleet: Fleet, ship: Ship, hold: Callable[[], Any]
) -> None:
    """Captain and manager give one at once: both are told one, the second is kept."""
    manager, person = ship.people["manager"], ship.people["crew"]
    fleet.enrol(manager, cost=COST)

    def issue(issuer: UUID) -> Answer:
        return call(
            issuer,
            "issue_enrolment_code",
            p_yacht_id=ship.yacht_id,
            p_user_id=person,
            p_idempotency_key=new_key(),
            p_signature=Fleet.code(issuer),
        )

    with hold() as held:
        held.connection.execute(
            "INSERT INTO private.enrolment_codes"
            " (yacht_id, user_id, code_sha256, expires_at)"
            " VALUES (%s, %s, '', now())",
            [ship.yacht_id, person],
        )
        (first,) = held.start(partial(issue, ship.captain))
        (second,) = held.start(partial(issue, manager))
        held.connection.rollback()
        answers = [done.result(PATIENCE) for done in (first, second)]
    assert [answer.status for answer in answers] == [201, 201]
    kept = fleet.rows(
        "SELECT c.code_sha256, c.issued_by FROM private.enrolment_codes AS c"
        " WHERE c.user_id = %s",
        [person],
    )
    newest = hashlib.sha256(answers[1].body["enrolment_code"].encode()).digest()
    assert kept == [{"code_sha256": newest, "issued_by": manager}]


@pytest.mark.parametrize("route", ["gateway", "postgrest"])
def test_answer_that_is_lost(
    request: pytest.FixtureRequest,
    fleet: Fleet,
    ship: Ship,
    secrets: Secrets,
    route: str,
) -> None:
    """The call is carried out, nobody reads the answer; the retry finds it."""
    url = urlsplit(request.getfixturevalue(route))
    arguments = write_off(ship, p_idempotency_key=new_key())
    body = as_json(arguments).encode()
    token = mint(secrets.jwt_secret, user_id=ship.captain)
    head = (
        f"POST /rpc/write_off_part HTTP/1.1\r\nHost: {url.netloc}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )

    def send() -> socket.socket:
        connection = socket.create_connection((url.hostname, url.port), PATIENCE)
        connection.sendall(head.encode() + body)
        return connection

    with send():
        deadline = time.monotonic() + PATIENCE
        while fleet.on_hand(ship.yacht_id)[ship.stock_id] == 100:
            assert time.monotonic() < deadline, "the call is not carried out"
            time.sleep(0.005)
    with send() as connection, connection.makefile("rb") as answer:
        assert b" 409 " in answer.readline()
    assert (signed(fleet, ship), fleet.failures(ship.captain)) == (1, 0)
    assert fleet.on_hand(ship.yacht_id)[ship.stock_id] == 99
