"""Tables and views as PostgREST exposes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.answers import accepted, refused

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene

RELATIONS = (
    "auth_users_roles",
    "pms_audit_log",
    "pms_inventory_stock",
    "pms_inventory_transactions",
    "pms_part_locations",
    "pms_part_stock",
    "pms_part_usage",
    "pms_parts",
    "pms_stock_by_location",
    "v_stock_from_transactions",
    "yacht_registry",
)
MACHINERY = (
    "action_registry",
    "denied_attempts",
    "enrolment_codes",
    "part_search",
    "part_words",
    "refusals",
    "request_keys",
    "signatures",
    "signing_credentials",
    "signing_failures",
)


def read(api: Api, relation: str, person: Any = None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if person is not None:
        named["authorization"] = f"Bearer {api.token(person)}"
    return api.http.get(f"/{relation}", headers=named)


@pytest.mark.parametrize("relation", RELATIONS)
def test_people_read_their_own_yacht(
    postgrest_api: Api, scene: Scene, relation: str
) -> None:
    """Rows of one's yacht, and of no other; something to see in each."""
    usage = scene.arguments("consume_part", p_work_order="WO-1")
    accepted(postgrest_api.post("consume_part", usage, scene.ship.captain))
    rows = accepted(read(postgrest_api, relation, scene.ship.captain))
    assert {row["yacht_id"] for row in rows} == {str(scene.yacht_id)}


@pytest.mark.parametrize("relation", RELATIONS)
def test_who_has_no_yacht_reads_nothing(
    postgrest_api: Api, scene: Scene, relation: str
) -> None:
    """A person without a role sees no row; nobody and a service see no table."""
    usage = scene.arguments("consume_part", p_work_order="WO-1")
    accepted(postgrest_api.post("consume_part", usage, scene.ship.captain))
    nowhere = scene.yacht_id  # A valid id, and nobody's.
    assert accepted(read(postgrest_api, relation, nowhere)) == []
    refused(read(postgrest_api, relation), 401, "42501")
    service = f"Bearer {postgrest_api.token(None, role='service_role')}"
    refused(read(postgrest_api, relation, authorization=service), 403, "42501")


@pytest.mark.parametrize(
    ("role", "sees"), [("crew", False), ("purser", False), ("manager", True)]
)
def test_audit_log_is_for_captain_and_manager(
    postgrest_api: Api, scene: Scene, role: str, sees: bool
) -> None:
    """Others on the yacht see none of it."""
    api = postgrest_api
    accepted(
        api.post("consume_part", scene.arguments("consume_part"), scene.ship.captain)
    )
    rows = accepted(read(api, "pms_audit_log", scene.person(role)))
    assert bool(rows) is sees


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_nobody_writes_but_through_rpcs(
    postgrest_api: Api, scene: Scene, relation: str, method: str
) -> None:
    """Not even the captain, not even a row that is right."""
    response = postgrest_api.http.request(
        method,
        f"/{relation}?yacht_id=eq.{scene.yacht_id}",
        json=None if method == "DELETE" else {"yacht_id": str(scene.yacht_id)},
        headers={"authorization": f"Bearer {postgrest_api.token(scene.ship.captain)}"},
    )
    refused(response, 403, "42501")
    after = accepted(read(postgrest_api, "pms_parts", scene.ship.captain))
    assert len(after) == 6


@pytest.mark.parametrize("relation", MACHINERY)
def test_machinery_is_not_there(
    postgrest_api: Api, scene: Scene, relation: str
) -> None:
    """Neither in the API nor in another schema that a client might ask for."""
    captain = scene.ship.captain
    response = read(postgrest_api, relation, captain)
    assert response.status_code == 404
    response = read(postgrest_api, relation, captain, accept_profile="private")
    refused(response, 406, "PGRST106")


@pytest.mark.parametrize("relation", RELATIONS)
def test_gateway_serves_no_tables(
    gateway_api: Api, scene: Scene, relation: str
) -> None:
    """RPCs only."""
    response = read(gateway_api, relation, scene.ship.captain)
    refused(response, 404, "PGRST205")
