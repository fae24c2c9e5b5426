"""What the acceptance suite calls with: a scene, and a good call of each RPC."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.fleet import CREW_ONLY, ROLES, launch, new_id, new_key, secret_of, totp

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
    "signature_required": 400,
    "invalid_enrolment_code": 403,
    "invalid_signature": 403,
    "not_on_yacht": 403,
    "role_not_allowed": 403,
    "signature_not_enrolled": 403,
    "feature_disabled": 404,
    "item_not_found": 404,
    "location_not_found": 404,
    "part_not_found": 404,
    "stock_not_found": 404,
    "transaction_not_found": 404,
    "already_reversed": 409,
    "duplicate_idempotency_key": 409,
    "idempotency_key_reused": 409,
    "illegal_transition": 409,
    "insufficient_stock": 409,
    "location_deactivated": 409,
    "location_name_taken": 409,
    "not_reversible": 409,
    "part_deactivated": 409,
    "part_number_taken": 409,
    "signing_key_missing": 409,
    "stale_count": 409,
    "stock_not_empty": 409,
    "signature_locked": 423,
    "signature_busy": 429,
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
SIGNED: Mapping[str, int] = {
    "adjust_stock_quantities": 200,
    "adjust_stock_quantity": 200,
    "issue_enrolment_code": 201,
    "reverse_transaction": 201,
    "write_off_part": 200,
}
WRITES: Mapping[str, int] = {
    **SIGNED,
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
# They take no key: what they answer is not kept.
ENROLMENT = ("enroll_signature", "confirm_signature")
FUNCTIONS = (*READS, "view_part_details", *WRITES, *ENROLMENT)
HEADS_ONLY = """
    approve_shopping_item create_location create_part import_parts order_shopping_item
    receive_part receive_shopping_item reject_shopping_item reverse_transaction
    update_location update_part
"""
COUNTS = "adjust_stock_quantities adjust_stock_quantity"
LEADERS_ONLY = """
    deactivate_location deactivate_part issue_enrolment_code reactivate_location
    reactivate_part
"""
# The roles that may not, by function.
FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    name: roles
    for names, roles in (
        (HEADS_ONLY, CREW_ONLY),
        (COUNTS, tuple(role for role in ROLES[:-2] if role != "chief_engineer")),
        (LEADERS_ONLY, ROLES[:-2]),
    )
    for name in names.split()
}


@dataclass(frozen=True)
class Scene:
    """A ship of the test's own, with what a call may stumble over."""

    fleet: Fleet
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
    undone: UUID
    spent: Part

    @property
    def yacht_id(self) -> UUID:
        return self.ship.yacht_id

    def person(self, role: str) -> UUID:
        return self.stranger if role == "stranger" else self.ship.people[role]

    def movement(self, stock_id: UUID) -> UUID:
        """The first movement of a stock."""
        transaction_id: UUID = self.fleet.movements(stock_id)[0]["transaction_id"]
        return transaction_id

    def pending(self, user_id: UUID) -> str:
        """A code that confirms an enrolment which this begins."""
        self.fleet.enrol(user_id, confirmed=False)
        return totp(secret_of(user_id))

    def arguments(self, function: str, **changes: Any) -> Arguments:
        """A good call's arguments, changed; `...` leaves one out."""
        arguments = {"p_yacht_id": self.yacht_id} | GOOD[function](self) | changes
        # Made only if needed: they undo what a test did to the captain's.
        if (
            function in SIGNED or function == "enroll_signature"
        ) and "p_signature" not in arguments:
            arguments["p_signature"] = self.fleet.signature(self.ship.captain)
        elif function == "confirm_signature" and "p_totp" not in arguments:
            arguments["p_totp"] = self.pending(self.ship.captain)
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
        fleet=fleet,
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
        undone=new_id(),
        spent=fleet.part(yacht, {ship.locker: 5}, primary=ship.locker),
    )
    fleet.execute(
        "INSERT INTO public.pms_inventory_transactions"
        " (yacht_id, transaction_id, stock_id, quantity_change, transaction_type)"
        " VALUES (%s, %s, %s, 2, 'received')",
        [yacht, scene.undone, scene.split.stocks[ship.bin]],
    )
    fleet.execute(
        "INSERT INTO public.pms_inventory_transactions"
        " (yacht_id, stock_id, quantity_change, transaction_type)"
        " VALUES (%s, %s, -4, 'consumed')",
        [yacht, scene.spent.stocks[ship.locker]],
    )
    fleet.undo(yacht, scene.undone, ship.captain)
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
    "adjust_stock_quantity": lambda s: (
        _part(s) | {"p_counted_quantity": 8, "p_reason": "Count"}
    ),
    "adjust_stock_quantities": lambda s: {
        "p_counts": [
            {"part_id": str(s.ship.part.part_id), "counted_quantity": 8},
        ],
        "p_reason": "Count",
    },
    "write_off_part": lambda s: _movement(s) | {"p_reason": "Wet"},
    "reverse_transaction": lambda s: {
        "p_transaction_id": s.movement(s.ship.stock_id),
        "p_reason": "Mistake",
    },
    "issue_enrolment_code": lambda s: {"p_user_id": s.person("crew")},
    "enroll_signature": lambda _: {"p_pin": "314159"},
    "confirm_signature": lambda _: {},
    "import_parts": lambda _: {
        "p_rows": [{"part_number": "I-1", "name": "Zinc anode", "location": "Deck"}]
    },
}
