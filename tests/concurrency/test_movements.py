"""Movements that meet: on one stock, crosswise, with a deactivation."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.concurrency.together import at_once
from tests.fleet import launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fleet import Answer, Caller, Fleet

OK = (200, None)


def outcomes(answers: list[Answer]) -> Counter[tuple[int, str | None]]:
    return Counter((answer.status, answer.code) for answer in answers)


def test_two_consume_the_last_ten(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """Both have looked and wait for the stock: one gets it, the other hears why not."""
    ship = launch(fleet, 10)
    consume = partial(call, ship.captain, "consume_part")
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
            [ship.stock_id],
        )
        begun = held.start(
            partial(consume, **ship.movement(10)), partial(consume, **ship.movement(10))
        )
        held.connection.rollback()
        answers = [each.result() for each in begun]
    assert outcomes(answers) == {OK: 1, (409, "insufficient_stock"): 1}
    assert [m["on_hand_after"] for m in fleet.movements(ship.stock_id)] == [10, 0]
    assert fleet.faults(ship.yacht_id) == []


def test_opposite_transfers_do_not_deadlock(call: Caller, fleet: Fleet) -> None:
    """A hundred each way between two stocks: every one is carried out."""
    ship = launch(fleet, 100)
    fleet.stock(ship.yacht_id, ship.part.part_id, ship.bin, 100)
    back = {"p_from_location_id": ship.bin, "p_to_location_id": ship.locker}
    transfers = [ship.transfer(1) for _ in range(100)]
    transfers += [ship.transfer(1, **back) for _ in range(100)]
    random.Random(7).shuffle(transfers)  # noqa: S311  an order, not a secret
    answers = at_once(
        [partial(call, ship.captain, "transfer_part", **each) for each in transfers],
        workers=16,
    )
    assert outcomes(answers) == {OK: 200}
    assert sorted(fleet.on_hand(ship.yacht_id).values()) == [100, 100]
    assert len(fleet.movements(ship.stock_id)) == 1 + 200
    assert fleet.faults(ship.yacht_id) == []


def test_first_transfers_to_a_locker_open_one_stock(call: Caller, fleet: Fleet) -> None:
    """Eight at once to where the part has never been meet in the same new stock."""
    ship = launch(fleet, 8)
    answers = at_once(
        [
            partial(call, ship.captain, "transfer_part", **ship.transfer(1))
            for _ in range(8)
        ]
    )
    assert outcomes(answers) == {OK: 8}
    assert sorted(fleet.on_hand(ship.yacht_id).values()) == [0, 8]
    assert fleet.faults(ship.yacht_id) == []


@pytest.mark.parametrize("function", ["consume_part", "receive_part", "transfer_part"])
@pytest.mark.parametrize("what", ["part", "location"])
def test_movement_meets_a_deactivation(
    call: Caller, fleet: Fleet, hold: Callable[[], Any], function: str, what: str
) -> None:
    """It waits for the deactivation to be certain, and is refused then."""
    ship = launch(fleet, 10)
    arguments = ship.transfer(1) if function == "transfer_part" else ship.movement(1)
    statements = {
        "part": "UPDATE public.pms_parts SET deleted_at = now() WHERE part_id = %s",
        "location": "UPDATE public.pms_part_locations SET deleted_at = now()"
        " WHERE location_id = %s",
    }
    identity = ship.part.part_id if what == "part" else ship.locker
    with hold() as held:
        held.connection.execute(statements[what], [identity])
        [begun] = held.start(partial(call, ship.captain, function, **arguments))
        held.connection.commit()
        answer = begun.result()
    assert (answer.status, answer.code) == (409, f"{what}_deactivated")
    assert len(fleet.movements(ship.stock_id)) == 1


@pytest.mark.parametrize("what", ["part", "location"])
def test_first_arrival_meets_a_deactivation(
    call: Caller, fleet: Fleet, hold: Callable[[], Any], what: str
) -> None:
    """The same where the stock that it would open is not there to be waited for."""
    ship = launch(fleet, 10)
    statements = {
        "part": "UPDATE public.pms_parts SET deleted_at = now() WHERE part_id = %s",
        "location": "UPDATE public.pms_part_locations SET deleted_at = now()"
        " WHERE location_id = %s",
    }
    identity = ship.part.part_id if what == "part" else ship.bin
    arguments = ship.movement(1, p_location_id=ship.bin)
    with hold() as held:
        held.connection.execute(statements[what], [identity])
        [begun] = held.start(partial(call, ship.captain, "receive_part", **arguments))
        held.connection.commit()
        answer = begun.result()
    assert (answer.status, answer.code) == (409, f"{what}_deactivated")
    assert list(fleet.on_hand(ship.yacht_id)) == [ship.stock_id]
