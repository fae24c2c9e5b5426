"""One idempotency key, many calls at once."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.concurrency.together import CONNECTIONS, at_once
from tests.fleet import launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fleet import Caller, Fleet


def test_fifty_twins_move_once(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """One movement; the other 49 hear that it was done, and what it answered."""
    ship = launch(fleet, 100)
    twin = partial(call, ship.captain, "consume_part", **ship.movement(2))
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
            [ship.stock_id],
        )
        # As many as get a connection wait for the first before the rest arrive.
        begun = held.start(*[twin] * CONNECTIONS)
        begun += [held.pool.submit(twin) for _ in range(50 - CONNECTIONS)]
        held.connection.rollback()
        answers = [each.result() for each in begun]

    assert Counter(answer.status for answer in answers) == {200: 1, 409: 49}
    [first] = [answer.body for answer in answers if answer.status == 200]
    refused = [answer.body for answer in answers if answer.status == 409]
    assert {body["code"] for body in refused} == {"duplicate_idempotency_key"}
    assert all(json.loads(body["details"]) == first for body in refused)
    assert [m["quantity_change"] for m in fleet.movements(ship.stock_id)] == [100, -2]
    assert len(fleet.audit(ship.yacht_id)) == 50


def test_fifty_twins_make_one_part(call: Caller, fleet: Fleet) -> None:
    """A call without a stock to wait at is as safe."""
    ship = launch(fleet, 1)
    twin = partial(
        call,
        ship.captain,
        "create_part",
        p_yacht_id=ship.yacht_id,
        p_part_number="TWIN-1",
        p_name="Impeller",
        p_idempotency_key="twin",
    )
    answers = at_once([twin] * 50)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 49}
    [first] = [answer.body for answer in answers if answer.status == 201]
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "duplicate_idempotency_key"
            assert json.loads(answer.body["details"]) == first


def test_twin_of_a_refused_call_gets_its_turn(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """A refusal leaves the key free: for who waited for it, and for a later try."""
    ship = launch(fleet, 10)
    twin = partial(call, ship.captain, "consume_part", **ship.movement(12))
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
            [ship.stock_id],
        )
        begun = held.start(*[twin] * 3)
        held.connection.rollback()
        refused = [each.result() for each in begun]
    assert [answer.code for answer in refused] == ["insufficient_stock"] * 3

    assert call(ship.captain, "receive_part", **ship.movement(5)).status == 201
    done, again = twin(), twin()
    assert (done.status, again.code) == (200, "duplicate_idempotency_key")
    assert json.loads(again.body["details"]) == done.body
    assert fleet.on_hand(ship.yacht_id) == {ship.stock_id: 3}


def test_key_is_not_shared_by_different_calls_at_once(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """Who waits for a key that another call gets hears that it is used, and no more."""
    ship = launch(fleet, 10)
    arguments = ship.movement(1)
    consume = partial(call, ship.captain, "consume_part")
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
            [ship.stock_id],
        )
        [first] = held.start(partial(consume, **arguments))
        others = held.start(
            partial(consume, **(arguments | {"p_quantity": 2})),
            partial(call, ship.people["crew"], "consume_part", **arguments),
            partial(call, ship.captain, "receive_part", **arguments),
        )
        held.connection.rollback()
        assert first.result().status == 200
        for each in others:
            refusal = each.result()
            assert (refusal.status, refusal.code) == (409, "idempotency_key_reused")
            assert refusal.body["details"] is None
    assert fleet.on_hand(ship.yacht_id) == {ship.stock_id: 9}
