"""Hypothesis plays the crew; the database must say what the model says."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from deploy.cluster import DEPLOYER
from tests.fleet import Answer, Desk, Fleet, desk, manned, new_key
from tests.model.ledger import (
    Ledger,
    Movement,
    Part,
    Path,
    Place,
    Row,
    refused_before,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database

CI = bool(os.environ.get("CI"))
BOUNDED = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=CI,
    print_blob=True,
    report_multiple_bugs=False,
    # To shrink takes minutes: worth it for who sits in front of it.
    phases=[Phase.reuse, Phase.generate] + ([] if CI else [Phase.shrink]),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

# Names as people type them: upper and lower case are one.
NUMBERS = st.sampled_from(["A-1", "a-1", "B-2", "C-3"])
PATHS = st.sampled_from([("Deck",), ("Deck", "Locker"), ("Bin",), ("BIN", "Locker")])
LOCATIONS = st.none() | PATHS
QUANTITIES = st.integers(1, 9) | st.sampled_from([0, -1, 1_000_000, 1_000_001])
OPENINGS = st.sampled_from([0, 0, 5, 20])
ROLES = st.sampled_from(["crew", "chief_engineer", "captain", "captain", None])
# What the caller thinks the newest seq is: unasked, right, wrong.
EXPECTED = st.sampled_from(["unasked", "unasked", "right", "wrong"])
PICKS = st.integers(0, 1_000)
ROWS = st.lists(
    st.builds(
        Row,
        spelling=NUMBERS,
        name=st.sampled_from(["Impeller", "Seal kit"]),
        location=st.none() | PATHS.map(lambda path: tuple(map(str.lower, path))),
        opening=OPENINGS,
    ),
    min_size=1,
    max_size=4,
)


def lower(path: Path | None) -> Path | None:
    return None if path is None else tuple(map(str.lower, path))


@dataclass(frozen=True)
class Call:
    """A call as it was made, to be made again."""

    person: UUID
    function: str
    arguments: dict[str, Any]
    answer: Answer


@dataclass
class Observed:
    """The yacht as the database shows it, in the model's terms, and the ids."""

    ledger: Ledger = field(default_factory=Ledger)
    location_ids: dict[Path, UUID] = field(default_factory=dict)
    part_ids: dict[str, UUID] = field(default_factory=dict)
    stock_ids: dict[Place, UUID] = field(default_factory=dict)


def observe(fleet: Fleet, yacht_id: UUID) -> Observed:
    """Read all of a yacht, as the deployer."""
    seen = Observed()
    paths: dict[UUID, Path] = {}
    for row in fleet.rows(
        "WITH RECURSIVE tree AS (SELECT l.location_id, ARRAY[lower(l.name)] AS path,"
        " l.is_active FROM public.pms_part_locations AS l WHERE l.yacht_id = %(yacht)s"
        " AND l.parent_location_id IS NULL UNION ALL SELECT l.location_id,"
        " tree.path || lower(l.name), l.is_active FROM tree"
        " JOIN public.pms_part_locations AS l ON l.yacht_id = %(yacht)s"
        " AND l.parent_location_id = tree.location_id) SELECT * FROM tree",
        {"yacht": yacht_id},
    ):
        path = paths[row["location_id"]] = tuple(row["path"])
        seen.location_ids[path] = row["location_id"]
        seen.ledger.locations[path] = row["is_active"]
    numbers: dict[UUID, str] = {}
    for row in fleet.rows(
        "SELECT p.part_id, p.part_number, p.name, p.is_active, p.primary_location_id"
        " FROM public.pms_parts AS p WHERE p.yacht_id = %s",
        [yacht_id],
    ):
        number = numbers[row["part_id"]] = row["part_number"].lower()
        seen.part_ids[number] = row["part_id"]
        primary = row["primary_location_id"]
        seen.ledger.parts[number] = Part(
            row["part_number"],
            row["name"],
            None if primary is None else paths[primary],
            row["is_active"],
        )
    for row in fleet.rows(
        "SELECT s.stock_id, s.part_id, s.location_id, coalesce((SELECT jsonb_agg("
        "jsonb_build_array(t.seq, t.on_hand_before, t.quantity_change,"
        " t.on_hand_after, t.transaction_type) ORDER BY t.seq)"
        " FROM public.pms_inventory_transactions AS t WHERE t.yacht_id = s.yacht_id"
        " AND t.stock_id = s.stock_id), '[]') AS movements"
        " FROM public.pms_inventory_stock AS s WHERE s.yacht_id = %s",
        [yacht_id],
    ):
        place = (numbers[row["part_id"]], paths[row["location_id"]])
        seen.stock_ids[place] = row["stock_id"]
        seen.ledger.stocks[place] = [Movement(*fields) for fields in row["movements"]]
    return seen


class Crew(RuleBasedStateMachine):
    """Calls the RPCs in any order, each in a transaction of its own."""

    def __init__(self, fleet: Fleet, call: Desk) -> None:
        super().__init__()
        self.fleet = fleet
        self.call = call
        self.yacht_id = fleet.yacht()
        self.people = dict(
            fleet.people(self.yacht_id, ["crew", "chief_engineer", "captain"])
        )
        self.stranger = fleet.person(fleet.yacht(), "captain")
        self.ledger = Ledger()
        self.seen = Observed()
        self.carried_out: list[Call] = []
        self.refused: list[Callable[[], None]] = []
        self.remembered: list[tuple[datetime, dict[str, int]]] = []
        self.on_record = 0

    def run(
        self, role: str | None, function: str, expected: str | None, **arguments: Any
    ) -> Answer:
        """Make a call, and see that it is refused with the code, or not at all."""
        person = self.stranger if role is None else self.people[role]
        answer = self.call(person, function, p_yacht_id=self.yacht_id, **arguments)
        note(f"{role} {function} {arguments} -> {answer}")
        assert answer.code == expected
        self.seen = observe(self.fleet, self.yacht_id)
        self.on_record += expected != "not_on_yacht"
        if expected is None:
            self.carried_out.append(Call(person, function, arguments, answer))
            assert answer.body["success"] is True
            assert answer.body["action"] == function
        return answer

    def location_id(self, path: Path | None) -> UUID | None:
        if path is None:
            return None
        return self.seen.location_ids.get(path, uuid4())

    def part_id(self, number: str) -> UUID:
        return self.seen.part_ids.get(number, uuid4())

    def expected_seq(self, expected: str, place: Place | None) -> int | None:
        if expected == "unasked":
            return None
        seq = self.ledger.newest(place).seq if place else 0
        return seq if expected == "right" else seq + 1

    @initialize()
    def settle_in(self) -> None:
        """Begin with something to move."""
        self.create_location("captain", ("Deck",))
        self.create_location("captain", ("Deck", "Locker"))
        self.create_part("captain", "A-1", "Impeller", ("Deck", "Locker"), 20)

    @rule(role=ROLES, path=PATHS)
    def create_location(self, role: str | None, path: Path) -> None:
        key = lower(path) or ()
        expected = refused_before("create_location", role)
        expected = expected or self.ledger.create_location(key)
        self.run(
            role,
            "create_location",
            expected,
            p_name=path[-1],
            p_parent_location_id=self.location_id(key[:-1] or None),
            p_idempotency_key=new_key(),
        )

    @rule(
        role=ROLES,
        number=NUMBERS,
        name=st.sampled_from(["Impeller", "Seal kit"]),
        location=LOCATIONS,
        opening=OPENINGS,
    )
    def create_part(
        self,
        role: str | None,
        number: str,
        name: str,
        location: Path | None,
        opening: int,
    ) -> None:
        expected = refused_before("create_part", role)
        if expected is None and opening and location is None:
            expected = "invalid_argument"
        key = lower(location)
        expected = expected or self.ledger.create_part(number, name, key, opening)
        self.run(
            role,
            "create_part",
            expected,
            p_part_number=number,
            p_name=name,
            p_primary_location_id=self.location_id(key),
            p_opening_quantity=opening,
            p_idempotency_key=new_key(),
        )

    @rule(role=ROLES, rows=ROWS, dry_run=st.booleans())
    def import_parts(self, role: str | None, rows: list[Row], dry_run: bool) -> None:
        expected = refused_before("import_parts", role)
        answer = self.run(
            role,
            "import_parts",
            expected,
            p_rows=[
                {
                    "part_number": row.spelling,
                    "name": row.name,
                    "location": row.location and " / ".join(row.location),
                    "opening_quantity": row.opening,
                }
                for row in rows
            ],
            p_dry_run=dry_run,
            p_idempotency_key=new_key(),
        )
        if expected is not None:
            return
        imported = self.ledger.import_rows(rows, dry_run=dry_run)
        body = answer.body
        assert body["dry_run"] is dry_run
        assert body["rows"] == len(rows)
        assert [made["line"] for made in body["created"]] == imported.created
        assert [made["line"] for made in body["updated"]] == imported.updated
        assert body["unchanged"] == imported.unchanged
        assert body["locations_created"] == imported.locations
        assert [
            (refused["line"], refused["code"]) for refused in body["refused"]
        ] == imported.refused

    @rule(
        role=ROLES,
        number=NUMBERS.map(str.lower),
        quantity=QUANTITIES,
        at=LOCATIONS,
        expected_seq=EXPECTED,
        minutes=st.none() | st.integers(0, 90),
    )
    def consume(
        self,
        role: str | None,
        number: str,
        quantity: int,
        at: Path | None,
        expected_seq: str,
        minutes: int | None,
        key: str | None = None,
    ) -> None:
        place = None if at is None else (number, lower(at) or ())
        seq = self.expected_seq(expected_seq, place)
        key = key or new_key()
        expected = refused_before("consume_part", role, quantity)
        expected = expected or self.ledger.consume(number, quantity, place, seq)
        when = (
            None if minutes is None else datetime.now(UTC) - timedelta(0, 60 * minutes)
        )
        answer = self.run(
            role,
            "consume_part",
            expected,
            p_part_id=self.part_id(number),
            p_quantity=quantity,
            p_stock_id=self.seen.stock_ids.get(place, uuid4()) if place else None,
            p_expected_seq=seq,
            p_work_order="WO-1" if quantity % 2 else None,
            p_occurred_at=when,
            p_idempotency_key=key,
        )
        if expected is None:
            self.compare_movement(answer.body, number, -quantity)
        elif role is not None:
            self.refused.append(
                lambda: self.consume(role, number, quantity, at, expected_seq, 0, key)
            )

    @rule(
        role=ROLES,
        number=NUMBERS.map(str.lower),
        quantity=QUANTITIES,
        at=LOCATIONS,
        expected_seq=EXPECTED,
    )
    def receive(
        self,
        role: str | None,
        number: str,
        quantity: int,
        at: Path | None,
        expected_seq: str,
        key: str | None = None,
    ) -> None:
        path = lower(at)
        seq = self.expected_seq(expected_seq, (number, path) if path else None)
        key = key or new_key()
        expected = refused_before("receive_part", role, quantity)
        expected = expected or self.ledger.receive(number, quantity, path, seq)
        answer = self.run(
            role,
            "receive_part",
            expected,
            p_part_id=self.part_id(number),
            p_quantity=quantity,
            p_location_id=self.location_id(path),
            p_expected_seq=seq,
            p_supplier="Chandler",
            p_idempotency_key=key,
        )
        if expected is None:
            self.compare_movement(answer.body, number, quantity)
        elif role is not None:
            self.refused.append(
                lambda: self.receive(role, number, quantity, at, expected_seq, key)
            )

    @rule(
        role=ROLES,
        number=NUMBERS.map(str.lower),
        quantity=st.integers(1, 9),
        places=st.lists(PATHS, min_size=2, max_size=2, unique=True),
        expected_seq=EXPECTED,
    )
    def transfer(
        self,
        role: str | None,
        number: str,
        quantity: int,
        places: list[Path],
        expected_seq: str,
    ) -> None:
        source, target = (lower(path) or () for path in places)
        seq = self.expected_seq(expected_seq, (number, source))
        expected = refused_before("transfer_part", role, quantity)
        expected = expected or self.ledger.transfer(
            number, quantity, source, target, seq
        )
        answer = self.run(
            role,
            "transfer_part",
            expected,
            p_part_id=self.part_id(number),
            p_from_location_id=self.location_id(source),
            p_to_location_id=self.location_id(target),
            p_quantity=quantity,
            p_expected_seq=seq,
            p_idempotency_key=new_key(),
        )
        if expected is None:
            out, into = answer.body["legs"]
            self.compare_movement(out, number, -quantity)
            self.compare_movement(into, number, quantity)
            assert answer.body["transaction_id"] == out["transaction_id"]

    def compare_movement(self, body: dict[str, Any], number: str, change: int) -> None:
        assert body["part_id"] == str(self.part_id(number))
        assert body["quantity_after"] - body["quantity_before"] == change
        assert body["on_hand"] == self.ledger.on_hand(number)

    @precondition(lambda self: self.carried_out)
    @rule(pick=PICKS)
    def repeat(self, pick: int) -> None:
        """The same call again hears its own answer, and does nothing."""
        done = self.carried_out[pick % len(self.carried_out)]
        answer = self.call(
            done.person, done.function, p_yacht_id=self.yacht_id, **done.arguments
        )
        self.on_record += 1
        assert answer.code == "duplicate_idempotency_key"
        assert json.loads(answer.body["details"]) == done.answer.body

    @precondition(lambda self: self.carried_out)
    @rule(pick=PICKS, other=st.sampled_from(["person", "arguments", "function"]))
    def reuse(self, pick: int, other: str) -> None:
        """Another call with the key of one that was carried out hears nothing of it."""
        done = self.carried_out[pick % len(self.carried_out)]
        person, function, arguments = done.person, done.function, dict(done.arguments)
        if other == "person":
            person = next(
                self.people[role]
                for role in ("captain", "chief_engineer")
                if self.people[role] != done.person
            )
        elif other == "function" or "p_quantity" not in arguments:
            function, person = "create_location", self.people["captain"]
            arguments = {
                "p_name": "Elsewhere",
                "p_idempotency_key": arguments["p_idempotency_key"],
            }
        else:
            arguments["p_quantity"] = arguments["p_quantity"] % 9 + 1
        answer = self.call(person, function, p_yacht_id=self.yacht_id, **arguments)
        self.on_record += 1
        assert answer.code == "idempotency_key_reused"
        assert answer.body["details"] is None

    @precondition(lambda self: self.refused)
    @rule(pick=PICKS)
    def try_again(self, pick: int) -> None:
        """A refused call left its key free: it is judged anew."""
        self.refused.pop(pick % len(self.refused))()

    @rule(number=NUMBERS.map(str.lower), active=st.booleans())
    def switch_part(self, number: str, active: bool) -> None:
        """Deactivate or reactivate a part, by the deployer's hand."""
        if number in self.ledger.parts:
            self.ledger.parts[number].active = active
            self.fleet.execute(
                "UPDATE public.pms_parts SET deleted_at = %s"
                " WHERE yacht_id = %s AND part_id = %s",
                [
                    None if active else datetime.now(UTC),
                    self.yacht_id,
                    self.part_id(number),
                ],
            )

            self.seen = observe(self.fleet, self.yacht_id)

    @rule(path=PATHS, active=st.booleans())
    def switch_location(self, path: Path, active: bool) -> None:
        """Deactivate or reactivate a location, by the deployer's hand."""
        key = lower(path) or ()
        if key in self.ledger.locations:
            self.ledger.locations[key] = active
            self.fleet.execute(
                "UPDATE public.pms_part_locations SET deleted_at = %s"
                " WHERE yacht_id = %s AND location_id = %s",
                [
                    None if active else datetime.now(UTC),
                    self.yacht_id,
                    self.location_id(key),
                ],
            )

            self.seen = observe(self.fleet, self.yacht_id)

    @rule()
    def remember(self) -> None:
        """Note the time and what is on hand."""
        [row] = self.fleet.rows("SELECT clock_timestamp() AS now")
        on_hand = {number: self.ledger.on_hand(number) for number in self.ledger.parts}
        self.remembered.append((row["now"], on_hand))

    @precondition(lambda self: self.remembered)
    @rule(pick=PICKS)
    def look_back(self, pick: int) -> None:
        """What was on hand then is what the ledger says of then."""
        at, on_hand = self.remembered[pick % len(self.remembered)]
        for number, quantity in on_hand.items():
            assert self.as_of(number, at, "recorded") == quantity

    @rule(number=NUMBERS.map(str.lower), minutes=st.integers(0, 90))
    def look_back_on_board(self, number: str, minutes: int) -> None:
        """By the clock on board, what had happened by then counts."""
        if number not in self.ledger.parts:
            return
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        [row] = self.fleet.rows(
            "SELECT coalesce(sum(t.quantity_change), 0) AS total"
            " FROM public.pms_inventory_transactions AS t"
            " JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)"
            " WHERE s.part_id = %s AND t.occurred_at <= %s",
            [self.part_id(number), at],
        )
        assert self.as_of(number, at, "occurred") == row["total"]

    def as_of(self, number: str, at: datetime, clock: str) -> int:
        answer = self.call(
            self.people["crew"],
            "on_hand_as_of",
            p_yacht_id=self.yacht_id,
            p_part_id=self.part_id(number),
            p_at=at,
            p_clock=clock,
        )
        assert answer.status == 200
        stocks = sum(stock["on_hand"] for stock in answer.body["stocks"])
        assert answer.body["on_hand"] == stocks
        return int(stocks)

    @rule(number=NUMBERS.map(str.lower), limit=st.integers(1, 4))
    def leaf_through_history(self, number: str, limit: int) -> None:
        """All movements, newest first, page by page, with the balance of the part."""
        if number not in self.ledger.parts:
            return
        rows: list[dict[str, Any]] = []
        while page := self.history(number, limit, rows):
            assert len(page) <= limit
            rows += page
        balance = self.ledger.on_hand(number)
        for row in rows:
            assert row["running_balance"] == balance
            balance -= row["quantity_change"]
        assert balance == 0
        for place in self.ledger.places(number):
            stock_id = str(self.seen.stock_ids[place])
            assert [
                Movement(
                    row["seq"],
                    row["on_hand_before"],
                    row["quantity_change"],
                    row["on_hand_after"],
                    row["transaction_type"],
                )
                for row in reversed(rows)
                if row["stock_id"] == stock_id
            ] == self.ledger.stocks[place]

    def history(
        self, number: str, limit: int, before: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        answer = self.call(
            self.people["crew"],
            "stock_history",
            p_yacht_id=self.yacht_id,
            p_part_id=self.part_id(number),
            p_after=before[-1]["cursor"] if before else None,
            p_limit=limit,
        )
        assert answer.status == 200
        rows: list[dict[str, Any]] = answer.body
        return rows

    @rule(number=NUMBERS.map(str.lower))
    def view(self, number: str) -> None:
        """The details show every stock with its newest seq."""
        expected = None if number in self.ledger.parts else "part_not_found"
        answer = self.call(
            self.people["crew"],
            "view_part_details",
            p_yacht_id=self.yacht_id,
            p_part_id=self.part_id(number),
        )
        self.on_record += 1
        assert answer.code == expected
        if expected is None:
            assert answer.body["on_hand"] == self.ledger.on_hand(number)
            assert {
                stock["stock_id"]: (stock["on_hand"], stock["seq"])
                for stock in answer.body["stocks"]
            } == {
                str(self.seen.stock_ids[place]): (newest.after, newest.seq)
                for place in self.ledger.places(number)
                for newest in [self.ledger.newest(place)]
            }

    @invariant()
    def database_agrees(self) -> None:
        """Locations, parts, stocks and movements are the model's; so are all sums."""
        self.seen = observe(self.fleet, self.yacht_id)
        assert self.seen.ledger.locations == self.ledger.locations
        assert self.seen.ledger.parts == self.ledger.parts
        assert self.seen.ledger.stocks == self.ledger.stocks
        if self.ledger.stocks:
            assert self.fleet.faults(self.yacht_id) == []
            on_hand = self.fleet.rows(
                "SELECT lower(p.part_number) AS number, p.on_hand"
                " FROM public.pms_part_stock AS p WHERE p.yacht_id = %s",
                [self.yacht_id],
            )
            assert {row["number"]: row["on_hand"] for row in on_hand} == {
                number: self.ledger.on_hand(number) for number in self.ledger.parts
            }
        assert len(self.fleet.audit(self.yacht_id)) == self.on_record


def test_ledger_is_what_the_model_says(database: Database) -> None:
    """Whatever the crew does, in whatever order."""
    with (
        manned(database.url(DEPLOYER)) as fleet,
        desk(database.url("authenticator")) as call,
    ):

        class Aboard(Crew):
            def __init__(self) -> None:
                super().__init__(fleet, call)

        run_state_machine_as_test(Aboard, settings=BOUNDED)
