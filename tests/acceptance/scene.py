"""What the acceptance suite calls with: a scene, and a good call of each RPC."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.fleet import CREW_ONLY, ROLES, launch, new_id, new_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from tests.fleet import Fleet, Part, Ship

Arguments = dict[str, Any]

# Part of the contract: the status of each code.
STATUS: Mapping[str, int] = {
    "invalid_argument": 400,
    "invalid_quantity": 400,
    "missing_idempotency_key": 400,
    "same_location": 400,
    "not_on_yacht": 403,
    "role_not_allowed": 403,
    "item_not_found": 404,
    "location_not_found": 404,
    "part_not_found": 404,
    "stock_not_found": 404,
    "duplicate_idempotency_key": 409,
    "idempotency_key_reused": 409,
    "illegal_transition": 409,
    "insufficient_stock": 409,
    "location_deactivated": 409,
    "location_name_taken": 409,
    "part_deactivated": 409,
    "part_number_taken": 409,
    "stale_count": 409,
    "stock_not_empty": 409,
}
# Not on record, in the yacht's log: a call that PostgREST makes read-only.
READS = (
    "action_list",
    "low_stock_parts",
    "on_hand_as_of",
    "part_suggestions",
    "search_parts",
    "stock_history",
)
WRITES: Mapping[str, int] = {
    "approve_shopping_item": 200,
    "consume_part": 200,
    "create_location": 201,
    "create_part": 201,
    "deactivate_location": 200,
    "deactivate_part": 200,
    "import_parts": 200,
    "order_shopping_item": 200,
    "reactivate_location": 200,
    "reactivate_part": 200,
    "receive_part": 201,
    "receive_shopping_item": 200,
    "reject_shopping_item": 200,
    "request_part": 201,
    "transfer_part": 200,
    "update_location": 200,
    "update_part": 200,
}
ITEM_STATES = ("requested", "approved", "ordered", "rejected")
FUNCTIONS = (*READS, "view_part_details", *WRITES)
FORBIDDEN: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    (
        "approve_shopping_item",
        "create_location",
        "create_part",
        "import_parts",
        "order_shopping_item",
        "receive_part",
        "receive_shopping_item",
        "reject_shopping_item",
        "update_location",
        "update_part",
    ),
    CREW_ONLY,
) | dict.fromkeys(
    (
        "deactivate_location",
        "deactivate_part",
        "reactivate_location",
        "reactivate_part",
    ),
    tuple(role for role in ROLES if role not in ("captain", "manager")),
)


@dataclass(frozen=True)
class Scene:
    """A ship of the test's own, with what a call may stumble over."""

    ship: Ship
    stranger: UUID
    deck: UUID
    vacant: UUID
    closed: UUID
    sunken: UUID
    retired: Part
    boxed: Part
    loose: Part
    split: Part
    items: Mapping[str, UUID]
    foreign: Ship

    @property
    def yacht_id(self) -> UUID:
        return self.ship.yacht_id

    def person(self, role: str) -> UUID:
        return self.stranger if role == "stranger" else self.ship.people[role]

    def arguments(self, function: str, **changes: Any) -> Arguments:
        """A good call's arguments, changed; `...` leaves one out."""
        arguments = {"p_yacht_id": self.yacht_id} | GOOD[function](self) | changes
        if function in WRITES:
            arguments.setdefault("p_idempotency_key", new_key())
        return {name: value for name, value in arguments.items() if value is not ...}


def set_scene(fleet: Fleet) -> Scene:
    """Ten filters in a locker, another yacht alongside, and trouble in store."""
    foreign = launch(fleet, 7, roles=["captain"], part_number="F-100")
    ship = launch(
        fleet,
        10,
        part_number="F-100",
        name="Fuel filter element",
        manufacturer="Racor",
        barcode="4006381333931",
        min_level=12,
        max_level=20,
    )
    yacht = ship.yacht_id
    deck = fleet.location(yacht, "Sun deck")
    closed = fleet.location(yacht, "Flooded bilge")
    retired = fleet.part(
        yacht, {ship.locker: 3}, primary=ship.locker, part_number="R-1"
    )
    scene = Scene(
        ship=ship,
        stranger=foreign.captain,
        deck=deck,
        vacant=fleet.location(yacht, "Vacant locker", deck),
        closed=closed,
        sunken=fleet.location(yacht, "Sunken locker", closed),
        retired=retired,
        boxed=fleet.part(yacht, {closed: 5}, primary=closed, part_number="B-1"),
        loose=fleet.part(yacht, part_number="L-1"),
        split=fleet.part(yacht, {ship.locker: 4, ship.bin: 6}, part_number="S-1"),
        items=shopping(fleet, ship, retired),
        foreign=foreign,
    )
    fleet.deactivate_part(yacht, scene.retired.part_id)
    fleet.deactivate_location(yacht, closed)
    fleet.deactivate_location(yacht, scene.sunken)
    return scene


def shopping(fleet: Fleet, ship: Ship, retired: Part) -> dict[str, UUID]:
    """An item of each part in each state short of a delivery."""
    items: dict[str, UUID] = {}
    for status, (part, suffix) in product(
        ITEM_STATES, [(ship.part, ""), (retired, " of the retired")]
    ):
        name = status + suffix
        items[name] = new_id()
        fleet.execute(
            "INSERT INTO public.pms_shopping_list_items (yacht_id, item_id, part_id,"
            " status, quantity, requested_by, decided_by, ordered_by)"
            " VALUES (%(yacht)s, %(item)s, %(part)s, %(status)s, 5, %(person)s,"
            " %(person)s, %(person)s)",
            {
                "yacht": ship.yacht_id,
                "item": items[name],
                "part": part.part_id,
                "status": status,
                "person": ship.captain,
            },
        )
    return items


def _item(status: str) -> Callable[[Scene], Arguments]:
    return lambda scene: {"p_item_id": scene.items[status]}


def _part(scene: Scene) -> Arguments:
    return {"p_part_id": scene.ship.part.part_id}


def _movement(scene: Scene) -> Arguments:
    return _part(scene) | {"p_quantity": 3}


GOOD: Mapping[str, Callable[[Scene], Arguments]] = {
    "action_list": lambda _: {},
    "low_stock_parts": lambda _: {},
    "on_hand_as_of": lambda s: _part(s) | {"p_at": "2100-01-01T00:00:00Z"},
    "search_parts": lambda _: {"p_query": "fuel filter"},
    "stock_history": _part,
    "view_part_details": _part,
    "consume_part": _movement,
    "receive_part": _movement,
    "transfer_part": lambda s: (
        _movement(s)
        | {"p_from_location_id": s.ship.locker, "p_to_location_id": s.ship.bin}
    ),
    "create_part": lambda _: {"p_part_number": "N-1", "p_name": "Impeller"},
    "update_part": lambda s: _part(s) | {"p_changes": {"name": "Fuel filter"}},
    "create_location": lambda _: {"p_name": "Chain locker"},
    "update_location": lambda s: {
        "p_location_id": s.ship.bin,
        "p_changes": {"name": "Bin 2"},
    },
    "deactivate_part": lambda s: {"p_part_id": s.loose.part_id, "p_reason": "Sold"},
    "reactivate_part": lambda s: {"p_part_id": s.retired.part_id, "p_reason": "Found"},
    "deactivate_location": lambda s: {"p_location_id": s.vacant, "p_reason": "Refit"},
    "reactivate_location": lambda s: {"p_location_id": s.closed, "p_reason": "Dry"},
    "part_suggestions": _part,
    "request_part": _movement,
    "approve_shopping_item": _item("requested"),
    "reject_shopping_item": _item("approved"),
    "order_shopping_item": _item("approved"),
    "receive_shopping_item": lambda s: _item("ordered")(s) | {"p_quantity": 3},
    "import_parts": lambda _: {
        "p_rows": [{"part_number": "I-1", "name": "Zinc anode", "location": "Deck"}]
    },
}
