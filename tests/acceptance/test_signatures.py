"""What a client sends beside a signed call cannot take an attempt back."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.scene import ENROLMENT, SIGNED
from tests.fleet import as_json, new_key

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet

HEADERS: list[dict[str, str]] = [
    {"prefer": "tx=rollback"},
    {"prefer": "handling=strict, tx=rollback"},
    {"prefer": "return=minimal, tx=rollback"},
    {"prefer": "return=headers-only"},
    {"prefer": "count=exact"},
    {"prefer": "handling=strict, max-affected=0"},
    {"prefer": "handling=strict, timezone=Europe/Nowhere"},
    {"prefer": "params=single-object"},
    {"accept": "application/vnd.pgrst.object+json"},
    {"accept": "application/vnd.pgrst.plan+json"},
    {"accept": "application/vnd.pgrst.array+json"},
    {"accept": "application/octet-stream"},
    {"accept": "application/geo+json"},
    {"accept": "text/csv"},
    {"accept": "text/plain"},
    {"accept": "image/png"},
    {"range_unit": "items", "range": "5-9"},
    {"range": "9-5"},
    {"range": "bytes=0-1"},
    {"accept_profile": "private"},
    {"content_profile": "private"},
    {"x_http_method_override": "GET"},
    {"expect": "200-ok"},
    {"connection": "close"},
    {"x_request_id": "r" * 5000},
]
# Fails for a refusal alone: a pattern may not end with a backslash.
BACKSLASH = "pgrst_scalar->>code=like.invalid_signatur%5C"
QUERIES = [
    "select=code",
    "limit=0",
    "offset=5",
    "order=code.desc",
    "code=is.null",
    "pgrst_scalar->>success=is.true",
    BACKSLASH,
    "and=(pgrst_scalar->>code.like.invalid_signatur%5C)",
    "order=pgrst_scalar->>code",
]
BOTH: list[tuple[dict[str, str], str]] = [
    ({"prefer": "count=exact"}, BACKSLASH),
    ({"prefer": "count=exact"}, "limit=0"),
    ({"accept": "text/csv"}, "select=pgrst_scalar,pgrst_scalar->>code::int4"),
    ({"accept": "application/vnd.pgrst.object+json"}, "limit=0"),
]


def test_nothing_undoes_an_attempt(
    api: Api, fleet: Fleet, scene: Scene, subtests: pytest.Subtests
) -> None:
    """A wrong signature counts; or else no good one works, and both hear the same."""
    captain = scene.ship.captain
    effects = 0
    tries = [
        *((headers, "") for headers in HEADERS),
        *(({}, query) for query in QUERIES),
        *BOTH,
    ]
    for number, (headers, query) in enumerate(tries):
        function = "adjust_stock_quantity" + (f"?{query}" if query else "")
        good = scene.arguments("adjust_stock_quantity", p_counted_quantity=20 + number)
        bad = good | {
            "p_signature": good["p_signature"] | {"pin": "314159"},
            "p_idempotency_key": new_key(),
        }
        before = fleet.on_hand(scene.yacht_id)
        refused = api.post(function, bad, captain, **headers)
        counted = fleet.failures(captain)
        answer = api.post(function, good, captain, **headers)
        moved = fleet.on_hand(scene.yacht_id) != before
        effects += moved
        with subtests.test(headers=headers, query=query):
            assert counted in (0, 1)
            # Accepted, it stays so, whatever the client hears of it.
            assert moved == bool(counted)
            if not counted:
                assert (answer.status_code, answer.content) == (
                    refused.status_code,
                    refused.content,
                )
    assert effects > len(tries) / 3


def test_header_that_cannot_be_kept_tells_nothing(
    api: Api, fleet: Fleet, scene: Scene
) -> None:
    """A NUL cannot be put on record: a good signature hears what a wrong one does."""
    captain = scene.ship.captain
    good = scene.arguments("write_off_part")
    before = fleet.on_hand(scene.yacht_id)
    heard = []
    for signature in ({"pin": "314159", "totp": "00000"}, good["p_signature"]):
        address = urlsplit(str(api.http.base_url))
        with closing(HTTPConnection(f"{address.hostname}:{address.port}")) as http:
            http.request(
                "POST",
                "/rpc/write_off_part",
                as_json(good | {"p_signature": signature}),
                {
                    "authorization": f"Bearer {api.token(captain)}",
                    "content-type": "application/json",
                    "x-note": "a\0b",
                },
            )
            answer = http.getresponse()
            heard.append((answer.status, answer.read()))
    assert heard[0] == heard[1]
    assert heard[0][0] == 400
    assert fleet.failures(captain) == 0
    assert fleet.on_hand(scene.yacht_id) == before
    assert api.post("write_off_part", good, captain).status_code == 200


def test_five_guesses_that_ask_for_a_rollback(
    api: Api, fleet: Fleet, scene: Scene
) -> None:
    """Then the sixth is not even looked at."""
    good = scene.arguments("write_off_part")
    codes: list[str] = []
    for number in range(6):
        response = api.post(
            "write_off_part",
            good
            | {
                "p_signature": good["p_signature"] | {"pin": f"{number:06}"},
                "p_idempotency_key": f"guess {number}",
            },
            scene.ship.captain,
            prefer="tx=rollback",
        )
        codes.append(response.json()["code"])
    assert codes == ["invalid_signature"] * 5 + ["signature_locked"]
    assert fleet.failures(scene.ship.captain) == 5


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_is_no_guess(
    api: Api, fleet: Fleet, scene: Scene, subtests: pytest.Subtests, method: str
) -> None:
    """By GET nothing is signed, and a good signature hears what a wrong one does."""
    captain = scene.ship.captain
    for function in (*SIGNED, *ENROLMENT):
        argument = "p_totp" if function == "confirm_signature" else "p_signature"
        arguments = scene.arguments(function)
        wrong = "00000" if argument == "p_totp" else {"pin": "314159", "totp": "00000"}
        heard = []
        for given in (arguments | {argument: wrong}, arguments):
            response = api.http.request(
                method,
                f"/rpc/{function}",
                params={name: _text(value) for name, value in given.items()},
                # PostgREST 12 sends a body with a HEAD that it refuses: what came next
                # on this connection would begin with it.
                headers={
                    "authorization": f"Bearer {api.token(captain)}",
                    "connection": "close",
                },
            )
            heard.append((response.status_code, response.content))
        with subtests.test(function=function):
            assert heard[0] == heard[1]
            assert heard[0][0] in (400, 405)
            assert fleet.failures(captain) == 0
    assert fleet.audit(scene.yacht_id) == []


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
