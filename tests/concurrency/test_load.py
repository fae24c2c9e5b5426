"""Many people doing everything at once."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from tests.concurrency.together import at_once
from tests.fleet import HEADS, launch, new_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.fleet import Answer, Caller, Fleet, Part, Ship

CALLS = 320
WORKERS = 12
EXPECTED = {
    (200, None),
    (201, None),
    (403, "role_not_allowed"),
    (404, "stock_not_found"),
    (409, "insufficient_stock"),
    (409, "stale_count"),
    (409, "duplicate_idempotency_key"),
}


class Bustle:
    """Random calls for the crew of a ship, the same for the same seed."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  a load, not a secret
        self.ship: Ship = launch(fleet, 40)
        yacht_id = self.ship.yacht_id
        self.locations = [self.ship.locker, self.ship.bin] + [
            fleet.location(yacht_id, f"Shelf {number}") for number in range(2)
        ]
        self.parts: list[Part] = [self.ship.part] + [
            fleet.part(
                yacht_id,
                {self.ship.locker: 30, self.ship.bin: 10},
                primary=self.ship.locker,
            )
            for _ in range(2)
        ]
        self.made: list[tuple[UUID, str, dict[str, Any]]] = []

    def call(self, call: Caller) -> Callable[[], Answer]:
        """One more call; at times the same as one before."""
        if self.made and self.random.random() < 0.1:
            person, function, arguments = self.random.choice(self.made)
        else:
            function, arguments = self.random.choice(
                [self.consume, self.consume, self.receive, self.transfer, self.stock_up]
            )()
            roles = ("crew", "captain", *HEADS)
            person = self.ship.people[self.random.choice(roles)]
            self.made.append((person, function, arguments))
        return partial(call, person, function, **arguments)

    def consume(self) -> tuple[str, dict[str, Any]]:
        part = self.random.choice(self.parts)
        stock_id = self.random.choice([None, *part.stocks.values()])
        expected = self.random.choice([None, None, None, None, 3])
        more: dict[str, Any] = {"p_stock_id": stock_id, "p_expected_seq": expected}
        if self.random.random() < 0.3:
            more["p_work_order"] = "WO-17"
        return "consume_part", self.movement(part, **more)

    def receive(self) -> tuple[str, dict[str, Any]]:
        location_id = self.random.choice([None, *self.locations])
        part = self.random.choice(self.parts)
        return "receive_part", self.movement(part, p_location_id=location_id)

    def transfer(self) -> tuple[str, dict[str, Any]]:
        source, target = self.random.sample(self.locations, 2)
        return "transfer_part", self.movement(
            self.random.choice(self.parts),
            p_from_location_id=source,
            p_to_location_id=target,
        )

    def stock_up(self) -> tuple[str, dict[str, Any]]:
        number = self.random.randrange(6)
        rows = [
            {
                "part_number": f"L-{number + step}",
                "name": f"Load {number + step}",
                "location": self.random.choice(["Locker", "Bin", "Shelf 0"]),
                "opening_quantity": 5,
            }
            for step in range(3)
        ]
        return "import_parts", {
            "p_yacht_id": self.ship.yacht_id,
            "p_rows": rows,
            "p_idempotency_key": new_key(),
        }

    def movement(self, part: Part, **more: Any) -> dict[str, Any]:
        arguments = self.ship.movement(self.random.randint(1, 6), **more)
        return arguments | {"p_part_id": part.part_id}


def test_ledger_holds_under_a_mixed_load(call: Caller, fleet: Fleet) -> None:
    """Whatever was refused: the figures agree, and every call is on record."""
    bustle = Bustle(fleet, seed=2040)
    yacht_id = bustle.ship.yacht_id
    answers = at_once([bustle.call(call) for _ in range(CALLS)], workers=WORKERS)

    outcomes = Counter((answer.status, answer.code) for answer in answers)
    assert outcomes.keys() <= EXPECTED
    assert fleet.faults(yacht_id) == []

    audit = fleet.audit(yacht_id)
    assert len(audit) == CALLS
    assert Counter(row["error_code"] for row in audit) == Counter(
        answer.code for answer in answers
    )
    rows = fleet.rows(
        "SELECT t.transaction_type, t.transaction_id, t.quantity_change"
        " FROM public.pms_inventory_transactions AS t WHERE t.yacht_id = %s"
        " AND t.transaction_type IN ('consumed', 'received')",
        [yacht_id],
    )
    done = [answer.body for answer in answers if answer.status < 300]
    answered = {
        body["transaction_id"]: body["quantity_after"] - body["quantity_before"]
        for body in done
        if body["action"] in ("consume_part", "receive_part")
    }
    assert {str(r["transaction_id"]): r["quantity_change"] for r in rows} == answered
    legs = fleet.rows(
        "SELECT t.idempotency_key, count(*) AS legs, sum(t.quantity_change) AS net"
        " FROM public.pms_inventory_transactions AS t WHERE t.yacht_id = %s"
        " AND t.transaction_type LIKE 'transferred%%' GROUP BY t.idempotency_key",
        [yacht_id],
    )
    assert {(row["legs"], row["net"]) for row in legs} == {(2, 0)}
    assert len(legs) == sum(body["action"] == "transfer_part" for body in done)
