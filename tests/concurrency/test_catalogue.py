"""Changes of the catalogue that meet."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.fleet import launch, new_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fleet import Answer, Caller, Fleet, Ship


def importer(
    call: Caller, ship: Ship, rows: list[dict[str, Any]]
) -> Callable[[], Answer]:
    return partial(
        call,
        ship.captain,
        "import_parts",
        p_yacht_id=ship.yacht_id,
        p_rows=rows,
        p_idempotency_key=new_key(),
    )


def summary(answer: Answer) -> tuple[int, int, int, list[Any]]:
    """Status, and how many rows it made, left alone and refused."""
    body = answer.body
    if answer.status != 200:
        return answer.status, 0, 0, [body]
    return 200, len(body["created"]), body["unchanged"], body["refused"]


def test_two_make_one_part_number(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """Both found the number free: one gets it."""
    ship = launch(fleet, 1)

    def create() -> Answer:
        return call(
            ship.captain,
            "create_part",
            p_yacht_id=ship.yacht_id,
            p_part_number="racor-2040",
            p_name="Fuel filter",
            p_idempotency_key=new_key(),
        )

    with hold() as held:
        held.connection.execute(
            "INSERT INTO public.pms_parts (yacht_id, part_number, name)"
            " VALUES (%s, 'RACOR-2040', 'Fuel filter')",
            [ship.yacht_id],
        )
        begun = held.start(create, create)
        held.connection.rollback()
        answers = [each.result() for each in begun]
    assert Counter((answer.status, answer.code) for answer in answers) == {
        (201, None): 1,
        (409, "part_number_taken"): 1,
    }


def test_nobody_waits_for_who_brings_the_same_word(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """Two transactions at once add a word, and both parts are found by it."""
    ship = launch(fleet, 1)
    with hold() as held:
        # Who waits for it has it ended, and finds that it cannot commit.
        held.connection.execute("SET idle_in_transaction_session_timeout = '20s'")
        held.connection.execute(
            "INSERT INTO public.pms_parts (yacht_id, part_number, name)"
            " VALUES (%s, 'ONE', 'Hydrophore')",
            [ship.yacht_id],
        )
        made = call(
            ship.captain,
            "create_part",
            p_yacht_id=ship.yacht_id,
            p_part_number="TWO",
            p_name="Hydrophore",
            p_idempotency_key=new_key(),
        )
        held.connection.commit()
    assert made.status == 201
    found = call(
        ship.captain, "search_parts", p_yacht_id=ship.yacht_id, p_query="hidrophore"
    )
    assert [part["part_number"] for part in found.body] == ["ONE", "TWO"]


def test_two_imports_of_one_file(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """Both found the parts missing: one makes them, the other finds them made."""
    ship = launch(fleet, 1)
    rows = [
        {
            "part_number": f"I-{number:03}",
            "name": f"Item {number}",
            "location": "Locker",
            "opening_quantity": number,
        }
        for number in range(1, 21)
    ]
    with hold() as held:
        held.connection.execute(
            "INSERT INTO public.pms_parts (yacht_id, part_number, name)"
            " VALUES (%s, 'I-001', 'Item 1')",
            [ship.yacht_id],
        )
        begun = held.start(importer(call, ship, rows), importer(call, ship, rows))
        held.connection.rollback()
        answers = [each.result() for each in begun]
    assert sorted(map(summary, answers), key=str) == [
        (200, 0, 20, []),
        (200, 20, 0, []),
    ]
    assert sum(fleet.on_hand(ship.yacht_id).values()) == 1 + sum(range(1, 21))
    assert fleet.faults(ship.yacht_id) == []


def test_an_import_and_a_count_of_the_same_stocks(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """The file has them in the opposite order: neither waits for one of the other's."""
    ship = launch(fleet, 1)
    fleet.enrol(ship.captain)
    parts = [
        fleet.part(
            ship.yacht_id, {ship.locker: 0}, primary=ship.locker, part_number=number
        )
        for number in ("ZB", "ZA")
    ]
    stock_ids = [part.stocks[ship.locker] for part in parts]
    assert stock_ids == sorted(stock_ids)
    name = fleet.rows(
        "SELECT l.name FROM public.pms_part_locations AS l WHERE l.location_id = %s",
        [ship.locker],
    )[0]["name"]
    rows = [
        {
            "part_number": part.number,
            "name": f"Part {part.number}",
            "location": name,
            "opening_quantity": 3,
        }
        for part in parts
    ]
    count = partial(
        call,
        ship.captain,
        "adjust_stock_quantities",
        p_yacht_id=ship.yacht_id,
        p_counts=[
            {"part_id": str(part.part_id), "counted_quantity": 5} for part in parts
        ],
        p_reason="Count",
        p_idempotency_key=new_key(),
        p_signature=fleet.code(ship.captain),
    )
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
            [stock_ids[0]],
        )
        (counted,) = held.start(count)
        (imported,) = held.start(importer(call, ship, rows))
        # A server that makes a call again after a deadlock would hide one.
        assert fleet.rows(
            "SELECT s.stock_id FROM public.pms_inventory_stock AS s"
            " WHERE s.stock_id = ANY (%s) FOR UPDATE SKIP LOCKED",
            [stock_ids],
        ) == [{"stock_id": stock_ids[1]}]
        held.connection.rollback()
        assert counted.result().status == 200
        assert summary(imported.result()) == (200, 0, 2, [])
    on_hand = fleet.on_hand(ship.yacht_id)
    assert [on_hand[stock_id] for stock_id in stock_ids] == [5, 5]
    assert fleet.faults(ship.yacht_id) == []


def test_two_imports_make_the_same_locations_in_opposite_order(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """Neither waits for a location of the other while the other waits for one of it."""
    ship = launch(fleet, 1)

    def rows(prefix: str, *locations: str) -> list[dict[str, Any]]:
        return [
            {"part_number": f"{prefix}-{n}", "name": "Item", "location": location}
            for n, location in enumerate(locations)
        ]

    with hold() as held:
        # Halfway both have made a location, and have one to go.
        held.connection.execute(
            "INSERT INTO public.pms_part_locations (yacht_id, name)"
            " VALUES (%s, 'Midships')",
            [ship.yacht_id],
        )
        begun = held.start(
            importer(call, ship, rows("A", "Bow", "Midships", "Stern")),
            importer(call, ship, rows("B", "Stern", "Midships", "Bow")),
        )
        held.connection.commit()
        answers = [each.result() for each in begun]
    assert list(map(summary, answers)) == [(200, 3, 0, [])] * 2
    assert sum(answer.body["locations_created"] for answer in answers) == 2


def test_two_moves_make_no_circle(
    call: Caller, fleet: Fleet, hold: Callable[[], Any]
) -> None:
    """Each is right by itself; together they would leave the tree."""
    ship = launch(fleet, 1)
    move = partial(call, ship.captain, "update_location", p_yacht_id=ship.yacht_id)
    with hold() as held:
        held.connection.execute(
            "SELECT FROM public.pms_part_locations WHERE yacht_id = %s FOR UPDATE",
            [ship.yacht_id],
        )
        begun = held.start(
            partial(
                move,
                p_location_id=ship.locker,
                p_changes={"parent_location_id": str(ship.bin)},
                p_idempotency_key=new_key(),
            ),
            partial(
                move,
                p_location_id=ship.bin,
                p_changes={"parent_location_id": str(ship.locker)},
                p_idempotency_key=new_key(),
            ),
        )
        held.connection.rollback()
        answers = [each.result() for each in begun]
    assert Counter((answer.status, answer.code) for answer in answers) == {
        (200, None): 1,
        (400, "invalid_argument"): 1,
    }
    roots = fleet.rows(
        "SELECT count(*) AS roots FROM public.pms_part_locations"
        " WHERE yacht_id = %s AND parent_location_id IS NULL",
        [ship.yacht_id],
    )
    assert roots == [{"roots": 1}]
