"""What a call leaves in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.answers import accepted, refused
from tests.acceptance.scene import FORBIDDEN, READS, WRITES

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet


@pytest.mark.parametrize("function", [*WRITES, "view_part_details"])
def test_call_is_on_record(api: Api, fleet: Fleet, scene: Scene, function: str) -> None:
    """Who, as what, on what, under which request; unsigned, so `{}`."""
    allowed = (
        role
        for role in ("purser", "manager")
        if role not in FORBIDDEN.get(function, ())
    )
    role = next(allowed)
    response = api.post(
        function,
        scene.arguments(function),
        scene.person(role),
        x_request_id="engine-room-7",
    )
    accepted(response, WRITES.get(function, 200))
    [row] = fleet.audit(scene.yacht_id)
    assert (row["action"], row["outcome"], row["error_code"]) == (function, "ok", None)
    assert (row["actor_id"], row["role"]) == (scene.person(role), role)
    assert row["signature"] == {}
    assert row["metadata"]["source"] == "part_lens"
    assert row["metadata"]["lens"] in ("part", "stock", "location", "shopping")
    assert row["metadata"]["request_id"] == "engine-room-7"
    if function != "import_parts":
        named = response.json()[f"{row['entity_type']}_id"]
        assert str(row["entity_id"]) == named


def test_refusal_is_on_record(api: Api, fleet: Fleet, scene: Scene) -> None:
    """With its request, too."""
    response = api.post(
        "receive_part",
        scene.arguments("receive_part"),
        scene.person("crew"),
        x_request_id="bridge-1",
    )
    refused(response, 403, "role_not_allowed")
    [row] = fleet.audit(scene.yacht_id)
    assert (row["outcome"], row["error_code"]) == ("rejected", "role_not_allowed")
    assert (row["actor_id"], row["role"]) == (scene.person("crew"), "crew")
    assert row["metadata"]["request_id"] == "bridge-1"


@pytest.mark.parametrize("function", READS)
def test_read_is_not_on_record(
    api: Api, fleet: Fleet, scene: Scene, function: str
) -> None:
    """Only the view of a part is recorded."""
    accepted(api.post(function, scene.arguments(function), scene.ship.captain))
    assert fleet.audit(scene.yacht_id) == []


def test_gateway_gives_each_request_an_id(api: Api, fleet: Fleet, scene: Scene) -> None:
    """The id in the answer is the one on record."""
    if api.name == "postgrest":
        pytest.skip("PostgREST gives no ids of its own")
    response = api.post(
        "consume_part", scene.arguments("consume_part"), scene.ship.captain
    )
    accepted(response)
    [row] = fleet.audit(scene.yacht_id)
    assert row["metadata"]["request_id"] == response.headers["x-request-id"] != ""


def test_captain_reads_the_log_and_no_secret_is_in_it(
    postgrest_api: Api, fleet: Fleet, scene: Scene
) -> None:
    """Neither the token nor any other header."""
    api = postgrest_api
    token = api.token(scene.ship.captain)
    api.post(
        "consume_part",
        scene.arguments("consume_part"),
        authorization=f"Bearer {token}",
        apikey="anon-key",
    )
    rows = fleet.audit(scene.yacht_id)
    assert len(rows) == 1
    assert token not in str(rows)
    assert "anon-key" not in str(rows)
