"""Deactivations that meet movements, new locations and each other."""

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


def deactivation(call: Caller, ship: Ship, what: str) -> Callable[[], Answer]:
    subject = {
        "part": {"p_part_id": ship.part.part_id},
        "location": {"p_location_id": ship.locker},
    }[what]
    return partial(
        call,
        ship.captain,
        f"deactivate_{what}",
        p_yacht_id=ship.yacht_id,
        p_reason="Refit",
        p_idempotency_key=new_key(),
        **subject,
    )


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


@pytest.mark.parametrize("what", ["part", "location"])
@pytest.mark.parametrize("first", ["movement", "deactivation"])
def test_deactivation_meets_a_movement(
    call: Caller, fleet: Fleet, hold: Callable[[], Any], what: str, first: str
) -> None:
    """The second sees what the first did: nothing lies in what is deactivated."""
    ship = launch(fleet, 0)
    movement = partial(call, ship.captain, "receive_part", **ship.movement(3))
    closing = deactivation(call, ship, what)
    in_order = (movement, closing) if first == "movement" else (closing, movement)
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
            [ship.stock_id],
        )
        begun = [held.start(each)[0] for each in in_order]
        held.connection.rollback()
        answers = [outcome(each.result()) for each in begun]
    assert (
        answers
        == {
            "movement": [(201, None), (409, "stock_not_empty")],
            "deactivation": [(200, None), (409, f"{what}_deactivated")],
        }[first]
    )
    on_hand = 3 if first == "movement" else 0
    assert fleet.on_hand(ship.yacht_id) == {ship.stock_id: on_hand}
    assert fleet.faults(ship.yacht_id) == []


@pytest.mark.parametrize("first", ["creation", "deactivation"])
def test_deactivation_meets_a_new_location(
    call: Caller, fleet: Fleet, hold: Callable[[], Any], first: str
) -> None:
    """No active location comes to lie in a deactivated one."""
    ship = launch(fleet, 0)
    creation = partial(
        call,
        ship.captain,
        "create_location",
        p_yacht_id=ship.yacht_id,
        p_name="Shelf",
        p_parent_location_id=ship.locker,
        p_idempotency_key=new_key(),
    )
    closing = deactivation(call, ship, "location")
    in_order = (creation, closing) if first == "creation" else (closing, creation)
    with hold() as held:
        # As private.lock_location_tree, which the deployer may not run.
        held.connection.execute(
            "SELECT pg_advisory_xact_lock("
            "hashtextextended('pms_part_locations ' || %s::uuid, 0))",
            [ship.yacht_id],
        )
        begun = [held.start(each)[0] for each in in_order]
        held.connection.rollback()
        answers = [outcome(each.result()) for each in begun]
    assert (
        answers
        == {
            "creation": [(201, None), (409, "illegal_transition")],
            "deactivation": [(200, None), (409, "location_deactivated")],
        }[first]
    )


@pytest.mark.parametrize("what", ["part", "location"])
def test_deactivations_at_once(call: Caller, fleet: Fleet, what: str) -> None:
    """All succeed, one of them changes something."""
    ship = launch(fleet, 0)
    answers = at_once([deactivation(call, ship, what) for _ in range(5)])
    assert Counter((answer.status, answer.body["changed"]) for answer in answers) == {
        (200, True): 1,
        (200, False): 4,
    }
