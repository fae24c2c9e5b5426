"""PINs, codes and secrets reach no log, no statistics, no table and no error."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from deploy.cluster import DATABASE
from tests.fleet import as_json, launch
from tests.signing.spy import Spy, change, enrol, new_pin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.cluster import Cluster
    from tests.fleet import Fleet
    from tests.signing.spy import Route, Signer


def bad_bodies(signer: Signer) -> Iterator[tuple[str, Any]]:
    """Calls that go wrong in all ways that a client knows, with true secrets."""
    good = signer.write_off()
    signature = good["p_signature"]
    yacht = {"p_yacht_id": signer.ship.yacht_id}
    for wrong in (
        signature | {"pin": new_pin(signer.spy)},
        signature | {"totp": new_pin(signer.spy)},
        {"pin": signature["pin"]},
        {"pin": int(signature["pin"]), "totp": int(signature["totp"])},
        [signature["pin"], signature["totp"]],
        json.dumps(signature),
        f"{{pin: {signature['pin']}",
        signature["pin"],
        {"pin": signature, "totp": [signature]},
    ):
        yield "write_off_part", signer.write_off(p_signature=wrong)
    for spoiled in (
        {"p_quantity": "three"},
        {"p_quantity": 10_000},
        {"p_yacht_id": "Saltmarsh Lark"},
        {"p_part_id": "F-100"},
        {"p_signatur": signature},
        {"p_occurred_at": "yesterday-ish"},
        {"p_expected_seq": 77},
        {"p_idempotency_key": None},
        {"p_reason": " "},
    ):
        yield "write_off_part", good | spoiled
    text = as_json(good).encode()
    yield "write_off_part", text[:-1]
    yield "write_off_part", text.replace(b'"p_quantity": 1', b'"p_quantity": NaN')
    # What JSON may say and PostgreSQL cannot store.
    for character in (rb"\u0000", rb"\ud800", rb"\q"):
        yield (
            "write_off_part",
            text.replace(
                signature["pin"].encode(), signature["pin"].encode() + character
            ),
        )
        yield "write_off_part", text.replace(b"Wet", character)
    yield "no_such_function", good
    for other in (f"{signer.pin}{signer.pin}", f"{signer.pin}x"):
        yield "enroll_signature", yacht | {"p_pin": other, "p_signature": signature}
    code = "Q7" * 8
    signer.spy.hush(code)
    yield "enroll_signature", yacht | {"p_pin": signer.pin, "p_code": code}
    yield "confirm_signature", yacht | {"p_totp": new_pin(signer.spy)}
    yield "confirm_signature", yacht | {"p_totp": {"totp": signature["totp"]}}


def drive(route: Route, fleet: Fleet, spy: Spy) -> None:
    """Enrol, sign, replay, change, and get all of it wrong."""
    ship = launch(fleet, 100)
    signer = enrol(route, fleet, ship, spy)
    arguments = signer.write_off()
    assert route.post("write_off_part", ship.captain, arguments).status_code == 200
    for more in ({}, {"p_idempotency_key": "replayed"}):
        again = route.post("write_off_part", ship.captain, arguments | more)
        assert again.status_code == (403 if more else 409)
    change(route, signer)
    assert (
        route.post("write_off_part", ship.captain, signer.write_off()).status_code
        == 200
    )
    answers = set()
    for function, body in bad_bodies(signer):
        fleet.execute("DELETE FROM private.signing_failures")
        answer = route.post(function, ship.captain, body)
        assert 400 <= answer.status_code < 500, (function, body, answer.text)
        answers.add(answer.json()["code"])
    assert {"invalid_signature", "signature_required", "invalid_enrolment_code"} < (
        answers
    )
    if route.name == "gateway":
        route.get("write_off_part", ship.captain, signer.write_off())


def dumped(server: Cluster) -> str:
    """Every table as text."""
    url = server.url("postgres", DATABASE)
    program = server.server.programs() / "pg_dump"
    return subprocess.run(
        [program, "--dbname", url], capture_output=True, text=True, check=True
    ).stdout


def test_secrets_turn_up_nowhere(
    server: Cluster, fleet: Fleet, routes: dict[str, Route]
) -> None:
    """Whoever reads logs, statistics, tables or answers cannot sign with it."""
    spy = Spy()
    for route in routes.values():
        drive(route, fleet, spy)
    places = {
        f"what {name} refused": "\n".join(route.refusals)
        for name, route in routes.items()
    }
    places |= {
        f"the log of {name}": route.log.read_text("utf-8")
        for name, route in routes.items()
    }
    for name, route in routes.items():
        metrics = route.http.get("/metrics")
        if metrics.status_code == 200:
            places[f"the metrics of {name}"] = metrics.text
    places["the server's log"] = (server.directory / "server.log").read_text("utf-8")
    with server.connect() as connection:
        places["pg_stat_statements"] = "\n".join(
            row[0]
            for row in connection.execute(
                "SELECT s.query FROM pg_stat_statements AS s"
            ).fetchall()
        )
    places["the tables"] = dumped(server)

    # There was something to find, and who looks finds it.
    assert len(spy.needles) > 30
    for needle in spy.needles:
        assert spy.found(f'{{"pin": "{needle}"}}') == {needle}
    for place, trace in (
        ("the server's log", "execute"),
        ("pg_stat_statements", "write_off_part"),
        ("the tables", "$2a$10$"),
        ("the log of gateway", "write_off_part"),
        ("what postgrest refused", "invalid_signature"),
    ):
        assert trace in places[place], place

    found = {place: spy.found(text) for place, text in places.items()}
    assert not any(found.values()), {place: f for place, f in found.items() if f}
