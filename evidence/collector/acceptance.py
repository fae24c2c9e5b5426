"""Each action, called well by somebody who may, in the order of a part's life."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from deploy.signers import Signer, new_pin
from evidence.collector.claims import Claim, Finding
from evidence.collector.ground import key

if TYPE_CHECKING:
    from evidence.collector.ground import Ground


class _Life:
    """Calls, and the status of each by action."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.got: dict[str, int] = {}

    def read(self, who: str, action: str, /, **arguments: Any) -> Any:
        answer = self.ground.call(who, action, **arguments)
        self.got.setdefault(action, answer.status)
        return answer.body

    def write(self, who: str, action: str, /, **arguments: Any) -> Any:
        return self.read(who, action, p_idempotency_key=key(), **arguments)

    def sign(self, action: str, /, **arguments: Any) -> Any:
        who, signature = self.ground.sign()
        return self.write(who, action, p_signature=signature, **arguments)


def acceptance(ground: Ground) -> Finding:
    """Every action of the registry, against the status that it promises."""
    life = _Life(ground)
    part, locker, spare = _catalogue(life)
    _stock(life, part, locker)
    _shopping(life, part)
    _signing(life)
    for action in ("deactivate_location", "reactivate_location"):
        life.write("captain", action, p_location_id=spare, p_reason="Refit")
    empty = ground.part("To be retired")
    for action in ("deactivate_part", "reactivate_part"):
        life.write("captain", action, p_part_id=empty, p_reason="Refit")
    promised = {
        row["action"]: row["success_status"]
        for row in ground.rows(
            "SELECT a.action, a.success_status FROM private.action_registry AS a"
            " JOIN pg_catalog.pg_proc AS f ON f.proname = a.action"
            " AND f.pronamespace = 'public'::regnamespace ORDER BY a.action"
        )
    }
    return Finding(
        life.got == promised,
        {
            action: {"promised": status, "answered": life.got.get(action)}
            for action, status in promised.items()
        },
    )


def _catalogue(life: _Life) -> tuple[str, str, str]:
    """A part, where it is, and a location for whatever comes."""
    locker, spare = (
        life.write("purser", "create_location", p_name=name)["location_id"]
        for name in ("Engine room", "Lazarette")
    )
    part = life.write(
        "purser",
        "create_part",
        p_part_number="AC-001",
        p_name="Impeller",
        p_min_level=5,
        p_primary_location_id=locker,
        p_opening_quantity=20,
    )["part_id"]
    changes = {"manufacturer": "Jabsco"}
    life.write("purser", "update_part", p_part_id=part, p_changes=changes)
    life.write(
        "purser",
        "update_location",
        p_location_id=spare,
        p_changes={"name": "Lazarette, port"},
    )
    rows = [{"part_number": "AC-002", "name": "Zinc anode", "location": "Deck"}]
    life.write("purser", "import_parts", p_rows=rows)
    life.read("crew", "search_parts", p_query="impeller")
    life.read("crew", "view_part_details", p_part_id=part)
    life.read("crew", "part_suggestions", p_part_id=part)
    life.read("crew", "low_stock_parts")
    life.read("crew", "action_list", p_part_id=part)
    return str(part), str(locker), str(spare)


def _stock(life: _Life, part: str, locker: str) -> None:
    of = {"p_part_id": part}
    bin_ = life.ground.location("Bin")
    life.write("purser", "receive_part", p_quantity=5, **of)
    taken = life.write("crew", "consume_part", p_quantity=2, **of)
    route = {"p_from_location_id": locker, "p_to_location_id": bin_}
    life.write("crew", "transfer_part", p_quantity=3, **of, **route)
    life.sign("adjust_stock_quantity", p_counted_quantity=19, p_reason="Count", **of)
    counts = [{"part_id": part, "counted_quantity": 18}]
    life.sign("adjust_stock_quantities", p_counts=counts, p_reason="Count")
    life.sign("write_off_part", p_quantity=1, p_reason="Torn", **of)
    life.sign(
        "reverse_transaction",
        p_transaction_id=taken["transaction_id"],
        p_reason="By mistake",
    )
    life.read("crew", "stock_history", **of)
    life.read("crew", "on_hand_as_of", p_at="2100-01-01T00:00:00Z", **of)


def _shopping(life: _Life, part: str) -> None:
    items = [
        life.write("crew", "request_part", p_part_id=part, p_quantity=4)["item_id"]
        for _ in range(2)
    ]
    life.write("purser", "approve_shopping_item", p_item_id=items[0])
    life.write("purser", "order_shopping_item", p_item_id=items[0])
    life.write("purser", "receive_shopping_item", p_item_id=items[0], p_quantity=4)
    life.write("purser", "reject_shopping_item", p_item_id=items[1])


def _signing(life: _Life) -> None:
    who = "engineer"
    code = life.sign("issue_enrolment_code", p_user_id=life.ground.people[who])
    pin = new_pin()
    told = life.read(who, "enroll_signature", p_pin=pin, p_code=code["enrolment_code"])
    signer = Signer.from_uri(pin, told["otpauth_uri"])
    life.ground.told |= {pin, signer.secret, code["enrolment_code"]}
    step = signer.step(time.time())
    if step is None:
        raise ValueError("a new authenticator has no code")
    life.read(who, "confirm_signature", p_totp=signer.code(step))


CLAIMS = (
    Claim(
        "acceptance",
        "Each action succeeds, with the status of the registry, for who may.",
        acceptance,
        3,
    ),
)
