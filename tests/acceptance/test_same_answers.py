"""The same requests to all servers: the same answers.

PostgREST is the reference; what differs between its versions and the gateway is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.refusals import REFUSALS
from tests.acceptance.scene import FUNCTIONS, READS, set_scene

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+[\d:]+|Z)")
CURSOR = re.compile(r'("cursor": ?)"[\w=-]+"')
# PostgREST 12 suggests other functions than the gateway does.
# Random, and told once.
TOLD = re.compile(r'(secret=|"enrolment_code": ?")[A-Z2-7]{16,32}')
HINT = re.compile(r'"hint": ?"Perhaps you meant[^"]*"')


def normalised(response: httpx.Response) -> tuple[int, str, Any]:
    """Status, type and body; each id by the place at which it comes first."""
    ids: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return ids.setdefault(found[0], f"id {len(ids)}")

    text = CURSOR.sub(r'\1"cursor"', TIME.sub("time", response.text))
    text = TOLD.sub(r"\1told", text)
    text = HINT.sub('"hint": "similar"', UUID.sub(name, text))
    if response.status_code == 404 and '"PGRST202"' in text:
        text = re.sub(r'"hint": ?(?:null|"similar")', '"hint": "similar"', text)
    kind = response.headers.get("content-type", "")
    body = json.loads(text) if text else None
    if isinstance(body, dict) and body.get("code") == "PGRST106":
        # PostgREST 12 has other words for a schema that is not exposed.
        body |= {"message": "", "hint": None}
    return response.status_code, kind, body


Send = Callable[["Api", "Scene"], "list[httpx.Response]"]


def ask(function: str, role: str = "captain", **changes: Any) -> Send:
    """One call."""
    return lambda api, scene: [
        api.post(function, scene.arguments(function, **changes), scene.person(role))
    ]


def get(function: str, role: str = "captain", **changes: Any) -> Send:
    return lambda api, scene: [
        api.get(function, scene.arguments(function, **changes), scene.person(role))
    ]


def twice(function: str) -> Send:
    """The same call twice."""

    def send(api: Api, scene: Scene) -> list[httpx.Response]:
        arguments = scene.arguments(function)
        person = scene.ship.captain
        return [api.post(function, arguments, person) for _ in range(2)]

    return send


def raw(method: str, path: str, body: bytes = b"", **headers: str) -> Send:
    """Anything that HTTP can say, as the captain."""

    def send(api: Api, scene: Scene) -> list[httpx.Response]:
        token = f"Bearer {api.token(scene.ship.captain)}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return [
            api.http.request(
                method, path, content=body, headers={"authorization": token} | named
            )
        ]

    return send


JSON = {"content_type": "application/json"}
REQUESTS: Mapping[str, Send] = {
    **{function: ask(function) for function in FUNCTIONS},
    **{f"{function} by crew": ask(function, "crew") for function in FUNCTIONS},
    **{
        f"{function} by a stranger": ask(function, "stranger") for function in FUNCTIONS
    },
    **{f"{function} twice": twice(function) for function in FUNCTIONS},
    **{f"{name} without a yacht": ask(name, p_yacht_id=...) for name in FUNCTIONS},
    **{f"get {function}": get(function) for function in READS},
    **{
        f"get {function} by a stranger": get(function, "stranger") for function in READS
    },
    "get view_part_details": get("view_part_details"),
    "get consume_part": get("consume_part"),
    "get transfer_part": get("transfer_part"),
    "get with a value of another type": get("stock_history", p_part_id="F-100"),
    "get with an unknown argument": get("stock_history", p_colour="red"),
    "unknown argument": ask("consume_part", p_colour="red"),
    "unknown function": raw("POST", "/rpc/consume", b"{}", **JSON),
    "null yacht": ask("consume_part", p_yacht_id=None),
    "malformed uuid": ask("consume_part", p_part_id="F-100"),
    "quantity that is a text": ask("consume_part", p_quantity="three"),
    "quantity that is a number in a text": ask("consume_part", p_quantity="3"),
    "quantity with a fraction": ask("consume_part", p_quantity=1.5),
    "quantity beyond 32 bits": ask("consume_part", p_quantity=3_000_000_000),
    "time that is none": ask("consume_part", p_occurred_at="yesterday-ish"),
    "text with a nul": ask("consume_part", p_notes="a\0b"),
    "empty body": raw("POST", "/rpc/consume_part", b"", **JSON),
    "no object": raw("POST", "/rpc/consume_part", b"5", **JSON),
    "no json": raw("POST", "/rpc/consume_part", b"{", **JSON),
    "json of another name": raw(
        "POST", "/rpc/consume_part", b"{}", content_type="application/x-other"
    ),
    "put": raw("PUT", "/rpc/consume_part", b"{}", **JSON),
    "delete": raw("DELETE", "/rpc/consume_part"),
    "another schema": raw(
        "POST", "/rpc/consume_part", b"{}", content_profile="private", **JSON
    ),
    "another schema by get": raw("GET", "/rpc/action_list", accept_profile="private"),
    "head": raw("HEAD", "/rpc/consume_part", connection="close"),
}


@pytest.fixture
def apis(gateway_api: Api, forwarding_api: Api, postgrest_api: Api) -> tuple[Api, ...]:
    """The reference, and both routes."""
    return postgrest_api, gateway_api, forwarding_api


@pytest.fixture
def answers(fleet: Fleet, apis: tuple[Api, ...]) -> Callable[[Send], list[Any]]:
    """Sends the same to each server, each time in a scene that is as the others."""

    def ask_all(send: Send) -> list[Any]:
        found = []
        for api in apis:
            with fleet.connection.transaction(), fleet.connection.pipeline():
                scene = set_scene(fleet)
            found.append([normalised(response) for response in send(api, scene)])
        return found

    return ask_all


@pytest.mark.parametrize("request_name", REQUESTS)
def test_same_answer(answers: Callable[[Send], list[Any]], request_name: str) -> None:
    """Status, content type and body."""
    reference, direct, forwarded = answers(REQUESTS[request_name])
    assert direct == reference
    assert forwarded == reference


def test_same_refusals(fleet: Fleet, apis: tuple[Api, ...]) -> None:
    """Each code of each function once; that all are refused is tested elsewhere.

    In one scene: what is refused leaves it as it was.
    """
    one_of_each = {(r.function, r.code): r for r in REFUSALS}
    for refusal in one_of_each.values():
        with fleet.connection.transaction(), fleet.connection.pipeline():
            scene = set_scene(fleet)
        reference, direct, forwarded = (
            normalised(
                api.post(
                    refusal.function,
                    scene.arguments(refusal.function, **refusal.changes(scene)),
                    scene.ship.captain,
                )
            )
            for api in apis
        )
        assert direct == reference
        assert forwarded == reference


def test_same_answer_to_nobody(answers: Callable[[Send], list[Any]]) -> None:
    """Without a token, and with a service's."""

    def send(api: Api, scene: Scene) -> list[httpx.Response]:
        service = f"Bearer {api.token(None, role='service_role')}"
        arguments = scene.arguments("consume_part")
        return [
            api.post("consume_part", arguments),
            api.post("consume_part", arguments, authorization=service),
            api.post("consume_part", arguments, authorization="Basic eDp5"),
            api.post("no_such_function", {}),
        ]

    reference, direct, forwarded = answers(send)
    assert direct == reference
    assert forwarded == reference
