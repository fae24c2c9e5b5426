"""What each RPC answers when all is well."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.answers import accepted, refused
from tests.acceptance.scene import FUNCTIONS, READS, SIGNED, WRITES

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet


def call(
    api: Api, scene: Scene, function: str, role: str = "captain", **changes: Any
) -> Any:
    """The body of a call that succeeds."""
    response = api.post(
        function, scene.arguments(function, **changes), scene.person(role)
    )
    return accepted(response, WRITES.get(function, 200))


@pytest.mark.parametrize("function", READS)
def test_read_answers_get_as_it_answers_post(
    api: Api, scene: Scene, function: str
) -> None:
    """Reads are STABLE: they may be linked to and cached."""
    arguments = scene.arguments(function)
    posted = accepted(api.post(function, arguments, scene.ship.captain))
    assert accepted(api.get(function, arguments, scene.ship.captain)) == posted
    arguments["p_yacht_id"] = scene.foreign.yacht_id
    refused(api.get(function, arguments, scene.ship.captain), 403, "not_on_yacht")
    # See test_signatures: after it PostgREST 12 needs a new connection.
    alone = {"connection": "close"}
    assert api.http.head(f"/rpc/{function}", headers=alone).status_code == 404


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - set(READS)))
def test_write_does_not_answer_get(
    api: Api, fleet: Fleet, scene: Scene, function: str
) -> None:
    """405: what is recorded or changed is no GET."""
    # Of a GET, PostgREST 12 makes a JSON string of an argument that is to be jsonb,
    # which these refuse before they write: 400. PostgREST 16 reads it as JSON.
    by_string = {"import_parts", "update_location", "update_part"}
    by_string |= {*SIGNED, "enroll_signature"}
    before = fleet.on_hand(scene.yacht_id)
    arguments = {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in scene.arguments(function).items()
    }
    response = api.get(function, arguments, scene.ship.captain)
    if "postgrest" in api.name and function in by_string:
        assert response.json()["code"] in (
            "25006",
            "invalid_argument",
            "signature_required",
        )
    else:
        refused(response, 405, "25006")
    assert fleet.on_hand(scene.yacht_id) == before
    assert fleet.audit(scene.yacht_id) == []


def test_view_part_details(api: Api, scene: Scene) -> None:
    """A part with its stock."""
    ship = scene.ship
    body = call(api, scene, "view_part_details", "crew")
    assert body.pop("updated_at")
    assert body == {
        "part_id": str(ship.part.part_id),
        "part_number": "F-100",
        "name": "Fuel filter element",
        "description": None,
        "manufacturer": "Racor",
        "category": None,
        "unit": "pcs",
        "barcode": "4006381333931",
        "min_level": 12,
        "max_level": 20,
        "is_critical": False,
        "is_active": True,
        "primary_location_id": str(ship.locker),
        "on_hand": 10,
        "is_low": True,
        "stocks": [
            {
                "stock_id": str(ship.stock_id),
                "location_id": str(ship.locker),
                "location": "Locker",
                "is_primary": True,
                "on_hand": 10,
                "seq": 1,
            }
        ],
    }
    retired = call(api, scene, "view_part_details", p_part_id=scene.retired.part_id)
    assert (retired["is_active"], retired["on_hand"]) == (False, 3)


@pytest.mark.parametrize(
    "query", ["f-100", "F-1", "4006381333931", "racor", "fuel filtre", "elemnt"]
)
def test_search_parts(api: Api, scene: Scene, query: str) -> None:
    """By number, its beginning, barcode and maker, and with a typo."""
    found = call(api, scene, "search_parts", "crew", p_query=query)
    assert found[0]["part_id"] == str(scene.ship.part.part_id)
    assert found[0]["on_hand"] == 10


def test_search_parts_finds_nothing(api: Api, scene: Scene) -> None:
    """Nothing like it, and neither what is deactivated nor another yacht's."""
    assert call(api, scene, "search_parts", p_query="sextant") == []
    numbers = [
        row["part_number"] for row in call(api, scene, "search_parts", p_query="R-1")
    ]
    assert "R-1" not in numbers
    own = call(api, scene, "search_parts", p_query="F-100")
    assert [row["part_number"] for row in own].count("F-100") == 1


@pytest.mark.parametrize("function", ["search_parts", "low_stock_parts"])
def test_pages_of_parts(api: Api, fleet: Fleet, scene: Scene, function: str) -> None:
    """Page by page each row comes once, in the order of the whole list."""
    for number in range(5):
        fleet.part(
            scene.yacht_id,
            part_number=f"P-{number}",
            name="Fuel filter bowl",
            min_level=1 + number,
            is_critical=number % 2 == 0,
        )
    whole = call(api, scene, function, p_limit=500)
    assert len(whole) == 6
    pages: list[Any] = []
    after = None
    while page := call(api, scene, function, p_limit=2, p_after=after):
        assert len(page) <= 2
        pages += page
        after = page[-1]["cursor"]
    assert pages == whole


def test_low_stock_parts(api: Api, fleet: Fleet, scene: Scene) -> None:
    """Below the minimum, with what to order; critical first; min_level 0 never."""
    fleet.part(scene.yacht_id, part_number="Z-9", min_level=4, is_critical=True)
    rows = call(api, scene, "low_stock_parts", "crew")
    assert [
        (
            row["part_number"],
            row["on_hand"],
            row["min_level"],
            row["suggested_quantity"],
        )
        for row in rows
    ] == [("Z-9", 0, 4, 8), ("F-100", 10, 12, 0)]
    assert [row["on_order"] for row in rows] == [0, 10]


def test_action_list(api: Api, scene: Scene) -> None:
    """What one may do differs by role; what stands in the way, by part."""
    rows = {
        role: {row["action"]: row for row in call(api, scene, "action_list", role)}
        for role in ("crew", "captain")
    }
    assert rows["crew"].keys() == rows["captain"].keys() == set(FUNCTIONS)
    assert not rows["crew"]["receive_part"]["allowed"]
    assert rows["captain"]["receive_part"]["allowed"]
    consume = rows["crew"]["consume_part"]
    assert consume["allowed"]
    assert consume["is_signed"] is False
    assert consume["required_fields"] == [
        "p_part_id",
        "p_quantity",
        "p_idempotency_key",
    ]
    assert "crew" in consume["roles"]
    blocked = {
        row["action"]: row["blocked_by"]
        for row in call(api, scene, "action_list", p_part_id=scene.loose.part_id)
    }
    assert blocked["consume_part"] == "insufficient_stock"
    assert blocked["receive_part"] is None
    blocked = {
        row["action"]: row["blocked_by"]
        for row in call(api, scene, "action_list", p_part_id=scene.retired.part_id)
    }
    assert blocked["receive_part"] == "part_deactivated"


def test_consume_part(api: Api, fleet: Fleet, scene: Scene) -> None:
    """Takes parts out, and writes down what they were for, and when."""
    ship = scene.ship
    when = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    body = call(
        api,
        scene,
        "consume_part",
        "crew",
        p_work_order="WO-7",
        p_equipment="Port generator",
        p_notes="Clogged",
        p_occurred_at=when.isoformat(),
        p_expected_seq=1,
    )
    movement = fleet.movements(ship.stock_id)[-1]
    assert body == {
        "success": True,
        "action": "consume_part",
        "transaction_id": str(movement["transaction_id"]),
        "part_id": str(ship.part.part_id),
        "stock_id": str(ship.stock_id),
        "quantity_before": 10,
        "quantity_after": 7,
        "on_hand": 7,
    }
    assert movement["transaction_type"] == "consumed"
    assert (movement["seq"], movement["quantity_change"]) == (2, -3)
    assert (movement["actor_id"], movement["actor_role"]) == (
        ship.people["crew"],
        "crew",
    )
    assert movement["signature"] == {}
    assert (movement["occurred_at"], movement["notes"]) == (when, "Clogged")
    [usage] = fleet.rows(
        "SELECT u.* FROM public.pms_part_usage AS u WHERE u.yacht_id = %s",
        [scene.yacht_id],
    )
    assert usage["usage_id"] == movement["usage_id"]
    assert (usage["quantity"], usage["work_order"], usage["equipment"]) == (
        3,
        "WO-7",
        "Port generator",
    )
    assert usage["used_at"] == when


def test_consume_part_from_a_named_stock(api: Api, scene: Scene) -> None:
    """On hand is the part's, before and after the stock's."""
    body = call(
        api,
        scene,
        "consume_part",
        p_part_id=scene.split.part_id,
        p_stock_id=scene.split.stocks[scene.ship.bin],
    )
    assert (body["quantity_before"], body["quantity_after"]) == (6, 3)
    assert body["on_hand"] == 7


def test_receive_part(api: Api, fleet: Fleet, scene: Scene) -> None:
    """Puts parts into the primary stock, with supplier and reference."""
    body = call(
        api, scene, "receive_part", "purser", p_supplier="Chandler", p_reference="PO-1"
    )
    assert (body["quantity_before"], body["quantity_after"]) == (10, 13)
    movement = fleet.movements(scene.ship.stock_id)[-1]
    assert movement["transaction_type"] == "received"
    assert movement["metadata"] == {"supplier": "Chandler", "reference": "PO-1"}


def test_receive_part_at_a_new_location(api: Api, fleet: Fleet, scene: Scene) -> None:
    """A stock is opened where parts have never been."""
    body = call(
        api,
        scene,
        "receive_part",
        p_part_id=scene.loose.part_id,
        p_location_id=scene.ship.bin,
    )
    assert (body["quantity_before"], body["on_hand"]) == (0, 3)
    [stock] = fleet.rows(
        "SELECT s.location_id FROM public.pms_inventory_stock AS s"
        " WHERE s.part_id = %s",
        [scene.loose.part_id],
    )
    assert stock["location_id"] == scene.ship.bin


def test_transfer_part(api: Api, fleet: Fleet, scene: Scene) -> None:
    """Two movements in one transaction; the source at the top."""
    arguments = scene.arguments("transfer_part")
    body = accepted(api.post("transfer_part", arguments, scene.person("deckhand")))
    out, into = body["legs"]
    assert body["transaction_id"] == out["transaction_id"]
    assert (out["quantity_before"], out["quantity_after"]) == (10, 7)
    assert (into["quantity_before"], into["quantity_after"]) == (0, 3)
    assert body["on_hand"] == out["on_hand"] == into["on_hand"] == 10
    legs = fleet.rows(
        "SELECT t.transaction_id, t.transaction_type, t.quantity_change"
        " FROM public.pms_inventory_transactions AS t WHERE t.idempotency_key = %s"
        " ORDER BY t.quantity_change",
        [arguments["p_idempotency_key"]],
    )
    assert [
        (str(leg["transaction_id"]), leg["transaction_type"], leg["quantity_change"])
        for leg in legs
    ] == [
        (out["transaction_id"], "transferred_out", -3),
        (into["transaction_id"], "transferred_in", 3),
    ]
    assert fleet.faults(scene.yacht_id) == []


def test_create_part(api: Api, fleet: Fleet, scene: Scene) -> None:
    """With all its fields and an opening quantity."""
    body = call(
        api,
        scene,
        "create_part",
        "eto",
        p_part_number=" N-2 ",
        p_name="Impeller",
        p_description="Six blades",
        p_manufacturer="Jabsco",
        p_category="Pumps",
        p_unit="kit",
        p_barcode="123",
        p_min_level=1,
        p_max_level=4,
        p_is_critical=True,
        p_primary_location_id=scene.ship.bin,
        p_opening_quantity=2,
    )
    assert body["on_hand"] == 2
    details = call(api, scene, "view_part_details", p_part_id=body["part_id"])
    assert (details["part_number"], details["unit"]) == ("N-2", "kit")
    assert details["stocks"][0]["stock_id"] == body["stock_id"]
    [movement] = fleet.movements(body["stock_id"])
    assert movement["transaction_type"] == "opening"
    assert str(movement["transaction_id"]) == body["transaction_id"]


@pytest.mark.parametrize("at_a_location", [True, False])
def test_create_part_without_stock(api: Api, scene: Scene, at_a_location: bool) -> None:
    """Number and name are enough; there may be a location and nothing on it yet."""
    where = scene.ship.bin if at_a_location else None
    body = call(api, scene, "create_part", p_primary_location_id=where)
    assert body["on_hand"] == 0
    assert body["transaction_id"] is None
    assert (body["stock_id"] is not None) is at_a_location


def test_update_part(api: Api, scene: Scene) -> None:
    """Changes what is named, empties what is null, leaves the rest."""
    changes = {
        "name": "Element",
        "manufacturer": None,
        "min_level": 2,
        "primary_location_id": str(scene.ship.bin),
    }
    body = call(api, scene, "update_part", "chief_officer", p_changes=changes)
    assert body["part_id"] == str(scene.ship.part.part_id)
    details = call(api, scene, "view_part_details")
    assert (details["name"], details["manufacturer"]) == ("Element", None)
    assert (details["min_level"], details["barcode"]) == (2, "4006381333931")
    assert [s["is_primary"] for s in details["stocks"] if s["on_hand"] == 0] == [True]
    # The new primary stock is what a call without a stock means now.
    assert call(api, scene, "receive_part")["quantity_after"] == 3


def test_create_and_update_location(api: Api, scene: Scene) -> None:
    """A tree: made, renamed, moved, and moved to the root."""
    body = call(
        api, scene, "create_location", "purser", p_parent_location_id=scene.ship.locker
    )
    assert body["path"] == "Locker / Chain locker"
    made = body["location_id"]
    for changes, path in [
        ({"name": "Rope locker"}, "Locker / Rope locker"),
        ({"parent_location_id": str(scene.ship.bin)}, "Bin / Rope locker"),
        ({"parent_location_id": None, "name": "Ropes"}, "Ropes"),
    ]:
        body = call(
            api, scene, "update_location", p_location_id=made, p_changes=changes
        )
        assert body["path"] == path


@pytest.mark.parametrize("what", ["part", "location"])
def test_deactivate_and_reactivate(
    api: Api, fleet: Fleet, scene: Scene, what: str
) -> None:
    """Out, out again, and back: soft, and on record with the reason."""
    subject = {"part": scene.loose.part_id, "location": scene.vacant}[what]
    for function, is_active, changed in [
        ("deactivate", False, True),
        ("deactivate", False, False),
        ("reactivate", True, True),
        ("reactivate", True, False),
    ]:
        body = call(
            api, scene, f"{function}_{what}", "manager", **{f"p_{what}_id": subject}
        )
        body.pop("primary_of", None)
        assert body == {
            "success": True,
            "action": f"{function}_{what}",
            f"{what}_id": str(subject),
            "is_active": is_active,
            "changed": changed,
        }
        row = fleet.audit(scene.yacht_id)[-1]
        assert (row["entity_type"], row["entity_id"]) == (what, subject)
        assert row["metadata"]["reason"] == scene.arguments(row["action"])["p_reason"]


def test_shopping_list(api: Api, fleet: Fleet, scene: Scene) -> None:
    """From request to the last delivery; suggestions follow what is on order."""
    part = {"p_part_id": scene.loose.part_id}
    fleet.connection.execute(
        "UPDATE public.pms_parts SET min_level = 4, primary_location_id = %s"
        " WHERE part_id = %s",
        [scene.vacant, scene.loose.part_id],
    )

    def suggestion() -> tuple[int, int, str | None, list[str]]:
        body = call(api, scene, "part_suggestions", "crew", **part)
        return (
            body["on_order"],
            body["suggested_quantity"],
            body["suppressed_by"],
            body["warnings"],
        )

    assert suggestion() == (0, 8, None, [])
    requested = call(api, scene, "request_part", "crew", **part, p_quantity=8)
    item = {"p_item_id": requested["item_id"]}
    assert suggestion() == (0, 8, None, ["already_requested"])
    for step in ("approve_shopping_item", "order_shopping_item"):
        assert call(api, scene, step, "purser", **item)["success"]
        assert suggestion() == (8, 0, "enough_on_order", [])
    deliveries = [
        call(api, scene, "receive_shopping_item", "purser", **item, p_quantity=quantity)
        for quantity in (3, 5)
    ]
    assert [
        (body["status"], body["outstanding"], body["on_hand"]) for body in deliveries
    ] == [("ordered", 5, 3), ("received", 0, 8)]
    assert suggestion() == (0, 0, "enough_on_hand", [])
    movements = fleet.movements(deliveries[0]["stock_id"])
    assert [
        (str(movement["transaction_id"]), str(movement["item_id"]))
        for movement in movements
    ] == [(body["transaction_id"], requested["item_id"]) for body in deliveries]


def test_stock_history(api: Api, scene: Scene) -> None:
    """Newest first, with the balance of all stocks listed; page by page the same."""
    call(api, scene, "consume_part")
    call(api, scene, "transfer_part")
    whole = call(api, scene, "stock_history", "crew")
    assert [(row["quantity_change"], row["running_balance"]) for row in whole] == [
        (3, 7),
        (-3, 4),
        (-3, 7),
        (10, 10),
    ]
    assert [row["transaction_type"] for row in whole] == [
        "transferred_in",
        "transferred_out",
        "consumed",
        "opening",
    ]
    pages: list[Any] = []
    after = None
    while page := call(api, scene, "stock_history", p_limit=1, p_after=after):
        pages += page
        after = page[-1]["cursor"]
    assert pages == whole
    one = call(
        api, scene, "stock_history", p_part_id=..., p_stock_id=scene.ship.stock_id
    )
    assert [(row["seq"], row["running_balance"]) for row in one] == [
        (3, 4),
        (2, 7),
        (1, 10),
    ]
    assert call(api, scene, "stock_history", p_part_id=scene.loose.part_id) == []


def test_on_hand_as_of(api: Api, scene: Scene) -> None:
    """By the clock of the ledger, and by that on board."""
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    call(api, scene, "consume_part", p_occurred_at=hour_ago.isoformat())
    between = (hour_ago + timedelta(minutes=30)).isoformat()
    for clock, on_hand in [("recorded", 0), ("occurred", -3)]:
        body = call(api, scene, "on_hand_as_of", p_at=between, p_clock=clock)
        assert (body["clock"], body["on_hand"]) == (clock, on_hand)
    body = call(api, scene, "on_hand_as_of")
    assert body["on_hand"] == 7
    assert [stock["on_hand"] for stock in body["stocks"]] == [7]


IMPORT: list[Any] = [
    {
        "line": 2,
        "part_number": "I-1",
        "name": "Zinc anode",
        "unit": "pcs",
        "min_level": 4,
        "location": "Deck 1 / Engine room",
        "opening_quantity": 6,
    },
    {"line": 3, "part_number": "F-100", "name": "Filter", "location": "Locker"},
    {"line": 4, "part_number": "l-1", "name": "Part L-1"},
    {"line": 5, "name": "Nameless number"},
    {"line": 6, "part_number": "I-2"},
    {"line": 7, "part_number": "I-3", "name": "X", "min_level": -1},
    {"line": 8, "part_number": "I-4", "name": "X", "unit": "bushel"},
    {"line": 9, "part_number": "i-1", "name": "Again"},
    {"line": 10, "part_number": "I-5", "name": "X", "colour": "red"},
    {"line": 11, "part_number": "I-6", "name": "X", "barcode": "4006381333931"},
    {"line": 12, "part_number": "I-7", "name": "X", "opening_quantity": -1},
    {"line": 13, "part_number": "I-8", "name": "X", "location": "Deck 1 /  / X"},
    {"line": 14, "part_number": "I-9", "name": "X", "location": "Flooded bilge"},
    {"line": 15, "part_number": "R-1", "name": "X"},
    {"line": 16, "part_number": "I-10", "name": "X", "min_level": 5, "max_level": 4},
    {"line": 17, "part_number": "I-11", "name": "X", "location": 5},
    {"line": 18, "part_number": "I-12", "name": 7},
    "a text",
]


@pytest.mark.parametrize("dry_run", [True, False])
def test_import_parts(api: Api, fleet: Fleet, scene: Scene, dry_run: bool) -> None:
    """Each row by itself: a refused one costs no other; a dry run costs nothing."""
    before = fleet.on_hand(scene.yacht_id)
    body = call(api, scene, "import_parts", "purser", p_rows=IMPORT, p_dry_run=dry_run)
    assert body["dry_run"] is dry_run
    assert body["rows"] == len(IMPORT)
    assert [(row["line"], row["part_number"]) for row in body["created"]] == [
        (2, "I-1")
    ]
    assert [(row["line"], row["part_number"]) for row in body["updated"]] == [
        (3, "F-100"),
        (4, "l-1"),
    ]
    assert (body["unchanged"], body["locations_created"]) == (0, 2)
    assert [(row["line"], row["code"]) for row in body["refused"]] == [
        (5, "missing_part_number"),
        (6, "missing_name"),
        (7, "invalid_level"),
        (8, "unknown_unit"),
        (9, "duplicate_line"),
        (10, "unknown_key"),
        (11, "duplicate_barcode"),
        (12, "invalid_quantity"),
        (13, "invalid_location"),
        (14, "location_deactivated"),
        (15, "part_deactivated"),
        (16, "invalid_level"),
        (17, "invalid_location"),
        (18, "invalid_value"),
        (18, "invalid_row"),
    ]
    assert all(row["reason"] for row in body["refused"])
    after = fleet.on_hand(scene.yacht_id)
    made = {stock: on_hand for stock, on_hand in after.items() if stock not in before}
    assert sorted(made.values()) == ([] if dry_run else [6])


def test_import_parts_twice(api: Api, scene: Scene) -> None:
    """The same file again changes nothing, its opening quantity neither."""
    call(api, scene, "import_parts", p_rows=IMPORT[:1])
    body = call(api, scene, "import_parts", p_rows=IMPORT[:1])
    assert (body["created"], body["updated"], body["unchanged"]) == ([], [], 1)
    found = call(api, scene, "search_parts", p_query="I-1")
    assert found[0]["on_hand"] == 6
