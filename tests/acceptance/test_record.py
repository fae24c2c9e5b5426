"""What a call leaves in the audit log."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.answers import accepted, refused
from tests.acceptance.scene import FORBIDDEN, READS, SIGNED, WRITES

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet


# What a text may hold, and JSON writes in more ways than one.
ODD = 'Wët "through" \\ \n\t\x01\x7f / \u2028 🛥'


@pytest.mark.parametrize("function", SIGNED)
def test_signature_is_on_record(
    api: Api, fleet: Fleet, scene: Scene, function: str
) -> None:
    """The proof names signer and payload, whose hash anybody can compute again."""
    arguments = scene.arguments(function)
    if "p_reason" in arguments:
        arguments["p_reason"] = ODD
    accepted(api.post(function, arguments, scene.ship.captain), SIGNED[function])
    [row] = fleet.audit(scene.yacht_id)
    proof, signed = row["signature"], row["metadata"]["signed"]
    assert proof["signer_id"] == str(scene.ship.captain)
    assert signed["action"] == function
    assert signed["p_yacht_id"] == str(scene.yacht_id)
    assert signed.get("p_reason") == arguments.get("p_reason")
    assert "p_signature" not in signed
    assert proof["payload_sha256"] == payload_sha256(signed)
    for movement in fleet.rows(
        "SELECT t.signature, t.metadata FROM public.pms_inventory_transactions AS t"
        " WHERE t.yacht_id = %s AND t.idempotency_key = %s",
        [scene.yacht_id, arguments["p_idempotency_key"]],
    ):
        assert movement["signature"] == proof
        if "signed" in movement["metadata"]:
            assert (
                payload_sha256(movement["metadata"]["signed"])
                == (movement["signature"]["payload_sha256"])
            )


def payload_sha256(signed: Any) -> str:
    """As rpc/SIGNING.md has it: keys by length, then by their bytes."""

    def ordered(value: Any) -> Any:
        if isinstance(value, dict):
            keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
            return {key: ordered(value[key]) for key in keys}
        if isinstance(value, list):
            return [ordered(item) for item in value]
        return value

    text = json.dumps(ordered(signed), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "function", [*(f for f in WRITES if f not in SIGNED), "view_part_details"]
)
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
