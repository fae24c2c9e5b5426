"""Calls that no function is asked to judge, and what goes with an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.answers import accepted, refused
from tests.acceptance.scene import FUNCTIONS

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet


@pytest.mark.parametrize("function", FUNCTIONS)
def test_yacht_is_required(api: Api, scene: Scene, function: str) -> None:
    """The one parameter without a default: there is no such function without it."""
    arguments = scene.arguments(function, p_yacht_id=...)
    refused(api.post(function, arguments, scene.ship.captain), 404, "PGRST202")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_unknown_argument(api: Api, scene: Scene, function: str) -> None:
    """A misspelt argument is not ignored."""
    arguments = scene.arguments(function, p_quantitty=1)
    refused(api.post(function, arguments, scene.ship.captain), 404, "PGRST202")


@pytest.mark.parametrize(
    "function",
    [
        "no_such_function",
        "deduct_stock_inventory",
        "has_yacht_role",
        "refuse",
        "uuid_v7",
    ],
)
def test_unknown_function(api: Api, scene: Scene, function: str) -> None:
    """What is private is not there."""
    arguments = {"p_yacht_id": scene.yacht_id}
    refused(api.post(function, arguments, scene.ship.captain), 404, "PGRST202")
    refused(api.post(function, arguments), 404, "PGRST202")


@pytest.mark.parametrize(
    ("argument", "value", "code"),
    [
        ("p_yacht_id", "Saltmarsh Lark", "22P02"),
        ("p_part_id", "F-100", "22P02"),
        ("p_quantity", "three", "22P02"),
        ("p_quantity", 1.5, "22P02"),
        ("p_quantity", 3_000_000_000, "22003"),
        ("p_quantity", True, "22P02"),
        ("p_occurred_at", "yesterday-ish", "22007"),
    ],
)
def test_value_of_another_type(
    api: Api, fleet: Fleet, scene: Scene, argument: str, value: Any, code: str
) -> None:
    """400: PostgreSQL could not read it."""
    arguments = scene.arguments("consume_part", **{argument: value})
    refused(api.post("consume_part", arguments, scene.ship.captain), 400, code)
    assert fleet.audit(scene.yacht_id) == []


@pytest.mark.parametrize(
    "body", [b"{", b"p_part_id=1", b'{"p_yacht_id": NaN}', b"\xff"]
)
def test_body_that_is_no_json(api: Api, scene: Scene, body: bytes) -> None:
    """400, and it does not matter of what."""
    token = api.token(scene.ship.captain)
    response = api.http.post(
        "/rpc/consume_part",
        content=body,
        headers={
            "content-type": "application/json",
            "authorization": f"Bearer {token}",
        },
    )
    refused(response, 400, "PGRST102")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods(api: Api, scene: Scene, method: str) -> None:
    """A function is called by GET, HEAD or POST."""
    response = api.http.request(
        method,
        "/rpc/consume_part",
        json={},
        headers={"authorization": f"Bearer {api.token(scene.ship.captain)}"},
    )
    refused(response, 405, "PGRST101")


def test_head_of_a_read(api: Api, scene: Scene) -> None:
    """The headers of GET, without the body."""
    response = api.http.head(
        "/rpc/stock_history",
        params={
            "p_yacht_id": str(scene.yacht_id),
            "p_part_id": str(scene.ship.part.part_id),
        },
        headers={"authorization": f"Bearer {api.token(scene.ship.captain)}"},
    )
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("function", ["search_parts", "consume_part"])
@pytest.mark.parametrize("prefer", ["tx=rollback", "return=minimal", "count=exact"])
def test_no_header_takes_anything_back(
    api: Api, fleet: Fleet, scene: Scene, function: str, prefer: str
) -> None:
    """An answer is JSON and its call is committed, whatever the client prefers."""
    response = api.post(
        function, scene.arguments(function), scene.ship.captain, prefer=prefer
    )
    accepted(response)
    if function == "consume_part":
        assert fleet.on_hand(scene.yacht_id)[scene.ship.stock_id] == 7


def test_no_header_takes_a_refusal_off_the_record(
    api: Api, fleet: Fleet, scene: Scene
) -> None:
    """A refusal is committed too."""
    arguments = scene.arguments("consume_part", p_quantity=11)
    for headers in (
        {"prefer": "tx=rollback"},
        {"prefer": "handling=strict, tx=rollback"},
        {"accept": "application/vnd.pgrst.object+json"},
    ):
        response = api.post("consume_part", arguments, scene.ship.captain, **headers)
        assert response.status_code in (400, 409)
    codes = [row["error_code"] for row in fleet.audit(scene.yacht_id)]
    assert "insufficient_stock" in codes
    refused(
        api.post("consume_part", arguments, scene.ship.captain),
        409,
        "insufficient_stock",
    )


def test_text_arrives_as_it_was_sent(api: Api, scene: Scene) -> None:
    """Letters of all languages, quotes and backslashes."""
    name = "Öldruckschalter \"3/8\" \\ Ø 12 油圧 🔧 'x'; --"
    body = accepted(
        api.post(
            "create_part",
            scene.arguments("create_part", p_name=name),
            scene.ship.captain,
        ),
        201,
    )
    details = accepted(
        api.post(
            "view_part_details",
            scene.arguments("view_part_details", p_part_id=body["part_id"]),
            scene.ship.captain,
        )
    )
    assert details["name"] == name
    found = api.get(
        "search_parts",
        scene.arguments("search_parts", p_query="Öldruckschalter"),
        scene.ship.captain,
    )
    assert [row["name"] for row in accepted(found)] == [name]
