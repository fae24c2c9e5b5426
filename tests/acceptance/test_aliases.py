"""The paths of the API before this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.answers import accepted, refused
from tests.fleet import as_json, new_key

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene


@pytest.fixture(params=["gateway_api", "forwarding_api"])
def gateway(request: pytest.FixtureRequest) -> Api:
    """PostgREST itself has no aliases."""
    found: Api = request.getfixturevalue(request.param)
    return found


def read(gateway: Api, scene: Scene, path: str, **query: Any) -> Any:
    return gateway.http.get(path, params=query, headers=_headers(gateway, scene))


def execute(gateway: Api, scene: Scene, body: Any) -> Any:
    return gateway.http.post(
        "/v1/actions/execute", content=as_json(body), headers=_headers(gateway, scene)
    )


def _headers(gateway: Api, scene: Scene) -> dict[str, str]:
    token = gateway.token(scene.ship.captain)
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "function", "more"),
    [
        ("/v1/parts/low-stock", "low_stock_parts", {}),
        ("/v1/parts/suggestions", "part_suggestions", {"part_id": ...}),
        ("/v1/actions/list", "action_list", {}),
    ],
)
def test_reads_answer_as_their_rpc(
    gateway: Api, scene: Scene, path: str, function: str, more: dict[str, Any]
) -> None:
    """With the names of then or of today; the answer names the successor."""
    part = str(scene.ship.part.part_id)
    more = dict.fromkeys(more, part)
    expected = accepted(
        gateway.post(function, scene.arguments(function), scene.ship.captain)
    )
    answer = read(gateway, scene, path, yacht_id=scene.yacht_id, **more)
    assert accepted(answer) == expected
    assert answer.headers["link"] == f'</rpc/{function}>; rel="successor-version"'
    renamed = {f"p_{name}": value for name, value in more.items()}
    assert accepted(read(gateway, scene, path, p_yacht_id=scene.yacht_id, **renamed))
    foreign = read(gateway, scene, path, yacht_id=scene.foreign.yacht_id, **more)
    refused(foreign, 403, "not_on_yacht")


def test_execute_runs_an_action(gateway: Api, scene: Scene) -> None:
    """Arguments beside the action, or in context and payload."""
    part = scene.ship.part.part_id
    flat = {"action": "consume_part", "yacht_id": scene.yacht_id, "part_id": part}
    answer = execute(
        gateway, scene, flat | {"quantity": 2, "idempotency_key": new_key()}
    )
    assert accepted(answer)["on_hand"] == 8
    nested = {
        "action": "log_part_usage",
        "context": {"yacht_id": scene.yacht_id},
        "payload": {"part_id": part, "quantity": 3, "idempotency_key": new_key()},
    }
    answer = execute(gateway, scene, nested)
    assert accepted(answer)["on_hand"] == 5
    assert answer.headers["link"] == '</rpc/consume_part>; rel="successor-version"'
    refused(execute(gateway, scene, nested), 409, "duplicate_idempotency_key")
    looked = {"action": "check_stock_level", "yacht_id": scene.yacht_id}
    assert accepted(execute(gateway, scene, looked | {"part_id": part}))["on_hand"] == 5


@pytest.mark.parametrize("body", ["[]", "{}", "{", '{"action": 1}', '{"action": "a/"}'])
def test_execute_without_an_action_is_refused(
    gateway: Api, scene: Scene, body: str
) -> None:
    """What it takes is said."""
    answer = gateway.http.post(
        "/v1/actions/execute", content=body, headers=_headers(gateway, scene)
    )
    assert "consume_part" in refused(answer, 400, "PGRST102")["hint"]


def test_methods_and_unknown_paths_are_refused(gateway: Api, scene: Scene) -> None:
    """405 with the method that is right; 404 for what never was."""
    headers = _headers(gateway, scene)
    answer = gateway.http.post("/v1/parts/low-stock", headers=headers)
    refused(answer, 405, "PGRST101")
    assert answer.headers["allow"] == "GET"
    refused(read(gateway, scene, "/v1/actions/execute"), 405, "PGRST101")
    refused(read(gateway, scene, "/v1/parts/nothing"), 404, "PGRST125")
    refused(execute(gateway, scene, {"action": "nothing"}), 404, "PGRST202")


def test_health_is_ready(gateway: Api) -> None:
    """What older monitors ask."""
    assert gateway.http.get("/health").json() == gateway.http.get("/ready").json()
