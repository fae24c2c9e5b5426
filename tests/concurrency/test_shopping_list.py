"""Deliveries of one item of the shopping list that meet."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.concurrency.together import at_once
from tests.fleet import launch, new_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fleet import Answer, Caller, Fleet, Ship


def ordered_item(call: Caller, ship: Ship, quantity: int) -> str:
    """Request, approve and order the ship's part."""
    requested = call(ship.captain, "request_part", **ship.movement(quantity))
    item_id = str(requested.body["item_id"])
    for step in ("approve_shopping_item", "order_shopping_item"):
        answer = call(
            ship.captain,
            step,
            p_yacht_id=ship.yacht_id,
            p_item_id=item_id,
            p_idempotency_key=new_key(),
        )
        assert answer.status == 200
    return item_id


def delivery(call: Caller, ship: Ship, item_id: str, n: int) -> Callable[[], Answer]:
    return partial(
        call,
        ship.captain,
        "receive_shopping_item",
        p_yacht_id=ship.yacht_id,
        p_item_id=item_id,
        p_quantity=n,
        p_idempotency_key=new_key(),
    )


@pytest.mark.parametrize(
    ("each", "second"),
    [
        (5, (409, "illegal_transition")),
        (3, (400, "invalid_quantity")),
        (2, (200, None)),
    ],
)
def test_two_deliveries_of_one_item(
    call: Caller,
    fleet: Fleet,
    hold: Callable[[], Any],
    each: int,
    second: tuple[int, str | None],
) -> None:
    """Of five ordered no more than five arrive: the second sees the first."""
    ship = launch(fleet, 10)
    item_id = ordered_item(call, ship, 5)
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_shopping_list_items WHERE item_id = %s FOR UPDATE",
            [item_id],
        )
        deliveries = [delivery(call, ship, item_id, each) for _ in range(2)]
        begun = held.start(*deliveries)
        held.connection.rollback()
        answers = [one.result() for one in begun]
    assert Counter((answer.status, answer.code) for answer in answers) == Counter(
        [(200, None), second]
    )
    arrived = each * sum(answer.status == 200 for answer in answers)
    assert fleet.on_hand(ship.yacht_id) == {ship.stock_id: 10 + arrived}
    [item] = fleet.rows(
        "SELECT i.quantity_received, i.status FROM public.pms_shopping_list_items AS i"
        " WHERE i.item_id = %s",
        [item_id],
    )
    status = "received" if arrived == 5 else "ordered"
    assert item == {"quantity_received": arrived, "status": status}
    assert fleet.faults(ship.yacht_id) == []


def test_ten_deliveries_of_one_item(call: Caller, fleet: Fleet) -> None:
    """Of ten that bring one each, five do."""
    ship = launch(fleet, 10)
    item_id = ordered_item(call, ship, 5)
    answers = at_once([delivery(call, ship, item_id, 1) for _ in range(10)])
    assert Counter((answer.status, answer.code) for answer in answers) == {
        (200, None): 5,
        (409, "illegal_transition"): 5,
    }
    assert fleet.on_hand(ship.yacht_id) == {ship.stock_id: 15}
    assert fleet.faults(ship.yacht_id) == []
