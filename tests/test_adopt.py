"""A database of the older design is taken over: all of it, or with a reason."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from click.testing import CliRunner

from deploy.adopt.__main__ import main
from deploy.adopt.legacy import LegacyError, read
from deploy.adopt.plan import path
from deploy.cluster import DEPLOYER, UNREADABLE
from tests.fleet import FAULTS, PART_FAULTS, desk, new_id
from tests.legacy import (
    DECKS,
    LOCKERS,
    PARTS,
    OldYacht,
    build,
    legacy_id,
    person,
    place,
    quantity,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from deploy.cluster import Cluster
    from tests.conftest import Database
    from tests.fleet import Answer

_numbers = itertools.count(1)

UNITS = sum(
    quantity(number, stock)
    for number in range(PARTS)
    for stock in range(2 if number % 3 == 0 else 1)
)
STOCKS = PARTS + len(range(0, PARTS, 3))


@pytest.fixture(scope="module")
def template(cluster: Cluster) -> Iterator[str]:
    """An old database without a fault; its yacht is YACHT."""
    cluster.create_database("old_template")
    build(cluster.url(DEPLOYER, "old_template"), YACHT)
    yield "old_template"
    cluster.drop_database("old_template")


YACHT = new_id()


@pytest.fixture
def old(cluster: Cluster, template: str) -> Iterator[OldYacht]:
    """A copy of it for one test."""
    name = f"old_{next(_numbers)}"
    cluster.create_database(name, template=template)
    yield OldYacht(cluster.url(DEPLOYER, name), YACHT)
    cluster.drop_database(name)


@pytest.fixture
def adopt(
    old: OldYacht, fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs the command from the old database into a new one."""
    monkeypatch.setenv("LEGACY_URL", old.url)
    monkeypatch.setenv("DATABASE_URL", fresh_database.url(DEPLOYER))
    return lambda *options: CliRunner().invoke(main, ["--yacht", str(YACHT), *options])


@pytest.fixture
def ask(fresh_database: Database) -> Callable[[str], list[Any]]:
    """Asks the new database."""

    def rows(query: str) -> list[Any]:
        with psycopg.connect(fresh_database.url(DEPLOYER)) as connection:
            return connection.execute(query.encode(), {"yacht": YACHT}).fetchall()

    return rows


@pytest.fixture
def as_captain(
    ask: Callable[[str], list[Any]], fresh_database: Database
) -> Callable[[str, str, int], Answer]:
    """Moves a part that was taken over, as a person who was."""

    def move(function: str, part_number: str, units: int) -> Answer:
        parts = dict(ask("SELECT part_number, part_id FROM public.pms_parts"))
        with desk(fresh_database.url("authenticator")) as call:
            return call(
                person(0),
                function,
                p_yacht_id=YACHT,
                p_part_id=parts[part_number],
                p_quantity=units,
                p_idempotency_key=function,
            )

    return move


def line(told: Result, kind: str) -> list[int]:
    """The figures of one line of the reconciliation: in, new, there, refused."""
    found = re.search(rf"^{kind} +(.*)$", told.stdout, re.MULTILINE)
    assert found is not None, told.output
    return [int(figure) for figure in found[1].split()]


def refusals(told: Result) -> list[tuple[str, str, str]]:
    """Table, code and row of each refusal."""
    found = re.findall(r"^  (\w+) +(\w+) +(\S+(?: \S+)*?)  ", told.stdout, re.MULTILINE)
    return [(table, code, row) for table, code, row in found]


LEDGER = """
SELECT p.part_number, t.transaction_type, t.seq, t.quantity_change, t.actor_id
FROM public.pms_inventory_transactions AS t
JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)
JOIN public.pms_parts AS p USING (yacht_id, part_id)
WHERE t.yacht_id = %(yacht)s
ORDER BY p.part_number, t.quantity_change
"""
DRIFT = "SELECT * FROM private.check_inventory_drift(%(yacht)s)"


def test_a_yacht_is_taken_over_whole(
    adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    """170 parts at 78 places, with what lies there as opening movements."""
    told = adopt()
    assert told.exit_code == 0, told.output
    assert line(told, "locations") == [78, 78, 0, 0]
    assert line(told, "parts") == [PARTS, PARTS, 0, 0]
    assert line(told, "people") == [3, 3, 0, 0]
    assert line(told, "units") == [UNITS, UNITS, 0, 0]
    assert f"the ledger has {UNITS}." in told.stdout
    expected = sorted(
        (f"PN-{number:04}", "opening", 1, quantity(number, stock), None)
        for number in range(PARTS)
        for stock in range(2 if number % 3 == 0 else 1)
    )
    assert ask(LEDGER) == expected
    assert ask(DRIFT) == ask(FAULTS) == ask(PART_FAULTS) == []
    assert ask("SELECT name FROM public.yacht_registry") == [("M/Y Old Hand",)]


def test_places_become_a_tree(
    adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    """However people separated deck and locker."""
    adopt()
    found = ask(
        """
        SELECT d.name, count(l.location_id)
        FROM public.pms_part_locations AS d
        JOIN public.pms_part_locations AS l
          ON l.yacht_id = d.yacht_id
         AND l.parent_location_id = d.location_id
        WHERE d.yacht_id = %(yacht)s
          AND d.parent_location_id IS NULL
        GROUP BY d.name
        """
    )
    assert sorted(found) == [(deck, LOCKERS) for deck in sorted(DECKS)]


def test_roles_and_units_are_translated(
    adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    adopt()
    assert ask("SELECT role FROM public.auth_users_roles ORDER BY role") == [
        ("captain",),
        ("chief_engineer",),
        ("deckhand",),
    ]
    assert ask("SELECT DISTINCT unit FROM public.pms_parts ORDER BY unit") == [
        ("l",),
        ("pcs",),
    ]


def test_people_work_on_with_it(
    adopt: Callable[..., Result],
    ask: Callable[[str], list[Any]],
    as_captain: Callable[[str, str, int], Answer],
) -> None:
    """The captain consumes what was taken over; a second run then leaves it alone."""
    adopt()
    answer = as_captain("consume_part", "PN-0001", 1)
    assert (answer.status, answer.body["quantity_before"]) == (200, quantity(1, 0))
    before = ask(LEDGER)
    told = adopt()
    assert told.exit_code == 0, told.output
    assert line(told, "units") == [UNITS, 0, UNITS, 0]
    assert ask(LEDGER) == before


def test_a_second_run_changes_nothing(
    adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    """Not even a name that was put right in the meantime."""
    adopt()
    ask("UPDATE public.pms_parts SET name = 'Better' WHERE name = 'Part 7' RETURNING 1")
    before = ask(LEDGER)
    told = adopt()
    assert told.exit_code == 0, told.output
    assert line(told, "locations") == [78, 0, 78, 0]
    assert line(told, "parts") == [PARTS, 0, PARTS, 0]
    assert line(told, "people") == [3, 0, 3, 0]
    assert line(told, "units") == [UNITS, 0, UNITS, 0]
    assert ask(LEDGER) == before
    assert ask("SELECT count(*) FROM public.pms_parts WHERE name = 'Better'") == [(1,)]


def test_a_dry_run_tells_the_same_and_writes_nothing(
    adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    dry = adopt("--dry-run")
    assert (dry.exit_code, "nothing was written" in dry.stdout) == (0, True)
    for table in ("yacht_registry", "pms_parts", "pms_part_locations", "pms_audit_log"):
        assert ask(f"SELECT count(*) FROM public.{table}") == [(0,)]  # noqa: S608  ours
    real = adopt()
    assert real.stdout == dry.stdout.replace(
        "This was a dry run: nothing was written.\n", ""
    )


def test_it_is_on_record(
    adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    adopt()
    query = """
        SELECT action, actor_id, outcome, metadata ->> 'units_opened'
        FROM public.pms_audit_log WHERE yacht_id = %(yacht)s
    """
    assert ask(query) == [("adopt", None, "ok", str(UNITS))]


def test_ugly_rows_are_refused_one_by_one(
    old: OldYacht, adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    """Each with its reason; they cost no other row, and the sums stay equal."""
    parts = {
        "negative": ("N-1", -4, place(0)),
        "half": ("N-2", 2.5, place(0)),
        "nowhere": ("N-3", 6, " n/a "),
        "twin": (" pn-0001  ", 3, place(0)),
        "numberless": ("  ", 5, place(0)),
        "deleted": ("N-4", 7, place(0)),
        "ton": ("N-5", 8, place(0)),
        "empty": ("N-6", None, None),
    }
    for name, (part_number, units, where) in parts.items():
        old.add(
            "pms_parts",
            id=legacy_id("ugly", name),
            part_number=part_number,
            name=name,
            unit="ton" if name == "ton" else None,
            quantity_on_hand=units,
            location=where,
            deleted_at="2020-01-01" if name == "deleted" else None,
        )
    old.claim("PN-0002", 99)
    for part_id, name in ((None, "adrift"), (legacy_id("part", 9999), "orphan")):
        old.add(
            "pms_inventory_stock",
            id=legacy_id("ugly", name),
            part_id=part_id,
            location=place(1),
            quantity=10,
        )
    for number, role in enumerate(("Bosun", "CAPTAIN")):
        old.add(
            "auth_users_roles",
            id=legacy_id("ugly", number),
            user_id=person(number),
            role=role,
        )
    told = adopt()
    assert told.exit_code == 1, told.output
    ugly = {name: str(legacy_id("ugly", name)) for name in [*parts, "adrift", "orphan"]}
    disagreeing = str(legacy_id("stock", 4))
    assert sorted(refusals(told)) == sorted(
        [
            ("people", "unknown_role", f"{person(0)} bosun"),
            ("parts", "negative_quantity", ugly["negative"]),
            ("parts", "invalid_quantity", ugly["half"]),
            ("parts", "no_location", ugly["nowhere"]),
            ("parts", "duplicate_part_number", ugly["twin"]),
            ("parts", "part_refused", ugly["twin"]),
            ("parts", "missing_part_number", ugly["numberless"]),
            ("quantities", "part_refused", f"parts {ugly['numberless']}"),
            ("parts", "deleted", ugly["deleted"]),
            ("parts", "part_refused", ugly["deleted"]),
            ("parts", "unknown_unit", ugly["ton"]),
            ("quantities", "part_refused", f"parts {ugly['ton']}"),
            ("stock", "quantities_disagree", disagreeing),
            ("stock", "orphaned_stock", ugly["adrift"]),
            ("stock", "orphaned_stock", ugly["orphan"]),
        ]
    )
    assert "PN-0002: part says 99, stock says 3, movements says 3" in told.stdout
    assert line(told, "parts") == [PARTS + 8, PARTS + 4, 0, 4]
    lost = quantity(2, 0)
    refused = -4 + 2.5 + 6 + 3 + 5 + 7 + 8 + 10 + 10 + lost
    found = re.search(r"^units +(.*)$", told.stdout, re.MULTILINE)
    assert found is not None
    assert [float(figure) for figure in found[1].split()] == [
        UNITS - lost + refused,
        UNITS - lost,
        0,
        refused,
    ]
    assert ask(DRIFT) == ask(FAULTS) == ask(PART_FAULTS) == []


@pytest.mark.parametrize(
    ("trust", "units"), [("stock", 3), ("part", 99), ("movements", 5)]
)
def test_where_figures_disagree_one_is_trusted(
    trust: str,
    units: int,
    old: OldYacht,
    adopt: Callable[..., Result],
    ask: Callable[[str], list[Any]],
) -> None:
    """The part was refused its quantity first, and gets it in a second run."""
    old.claim("PN-0002", 99)
    old.run(
        "UPDATE public.pms_inventory_transactions AS t SET quantity_change = 5"
        " FROM public.pms_inventory_stock AS s"
        " JOIN public.pms_parts AS p ON p.id = s.part_id"
        " WHERE t.stock_id = s.id AND part_number = 'PN-0002' AND quantity_change = 3"
    )
    refused = adopt()
    assert refusals(refused) == [
        ("stock", "quantities_disagree", str(legacy_id("stock", 4)))
    ]
    told = adopt("--trust", trust)
    assert told.exit_code == 0, told.output
    rest = UNITS - quantity(2, 0)
    assert line(told, "units") == [rest + units, units, rest, 0]
    assert ("PN-0002", "opening", 1, units, None) in ask(LEDGER)


def test_a_part_of_two_places_is_not_divided_by_guess(
    old: OldYacht, adopt: Callable[..., Result]
) -> None:
    """Its own figure says nothing about how much lies where."""
    old.claim("PN-0003", 99)
    told = adopt("--trust", "part")
    codes = {(table, code) for table, code, _ in refusals(told)}
    assert codes == {("stock", "quantities_disagree")}
    assert len(refusals(told)) == 2


def test_spellings_of_a_place_are_one_pile(
    old: OldYacht, adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    """Two stock rows at one place make one opening of both."""
    old.claim("PN-0001", quantity(1, 0) + 2)
    old.add(
        "pms_inventory_stock",
        id=legacy_id("ugly", "twin"),
        part_id=legacy_id("part", 1),
        location=f"  {place(1).upper()} ",
        quantity=2,
    )
    told = adopt()
    assert told.exit_code == 0, told.output
    assert line(told, "locations") == [78, 78, 0, 0]
    assert ("PN-0001", "opening", 1, quantity(1, 0) + 2, None) in ask(LEDGER)


def test_what_lies_nowhere_gets_the_place_that_is_named(
    old: OldYacht, adopt: Callable[..., Result], ask: Callable[[str], list[Any]]
) -> None:
    old.add(
        "pms_parts",
        id=legacy_id("ugly", "nowhere"),
        part_number="N-3",
        name="Nowhere",
        quantity_on_hand=6,
    )
    assert [code for _, code, _ in refusals(adopt())] == ["no_location"]
    told = adopt("--unplaced", "Unsorted")
    assert told.exit_code == 0, told.output
    assert ("N-3", "opening", 1, 6, None) in ask(LEDGER)


def test_a_stock_that_moved_since_is_left_alone(
    old: OldYacht,
    adopt: Callable[..., Result],
    ask: Callable[[str], list[Any]],
    as_captain: Callable[[str, str, int], Answer],
) -> None:
    """A quantity that is put right too late would be counted twice."""
    old.claim("PN-0002", 99)
    adopt()
    assert as_captain("receive_part", "PN-0002", 4).status == 201
    before = ask(LEDGER)
    told = adopt("--trust", "stock")
    assert [code for _, code, _ in refusals(told)] == ["moved_since"]
    assert ask(LEDGER) == before


def test_another_yacht_of_the_old_database_stays_there(
    old: OldYacht, adopt: Callable[..., Result]
) -> None:
    old.add(
        "pms_parts",
        id=legacy_id("ugly", "other"),
        yacht_id=new_id(),
        part_number="O-1",
        name="Other",
        quantity_on_hand=50,
        location="Elsewhere",
    )
    assert line(adopt(), "units") == [UNITS, UNITS, 0, 0]


def test_an_old_database_with_fewer_columns_will_do(
    old: OldYacht, adopt: Callable[..., Result]
) -> None:
    """Older ones knew neither movements nor deletion, nor a second yacht."""
    old.run(
        """
        DROP TABLE public.pms_inventory_transactions, public.yacht_registry;
        ALTER TABLE public.pms_parts
            DROP COLUMN yacht_id, DROP COLUMN deleted_at, DROP COLUMN manufacturer;
        ALTER TABLE public.pms_parts RENAME COLUMN id TO part_id;
        """
    )
    nameless = adopt()
    assert nameless.exit_code == 2, nameless.output
    assert "NAME= adds it" in nameless.stderr
    told = adopt("--name", "M/Y Old Hand")
    assert told.exit_code == 0, told.output
    assert line(told, "units") == [UNITS, UNITS, 0, 0]


def test_the_old_database_is_read_in_a_read_only_transaction(old: OldYacht) -> None:
    """A view that writes proves it: it fails."""
    old.run(
        """
        CREATE FUNCTION public.spoil() RETURNS text LANGUAGE sql AS
            'DELETE FROM public.auth_users_roles RETURNING role';
        ALTER TABLE public.pms_inventory_stock RENAME TO stock;
        CREATE VIEW public.pms_inventory_stock AS
            SELECT id, yacht_id, part_id, public.spoil() AS location, quantity
            FROM public.stock;
        """
    )
    with pytest.raises(LegacyError, match="read-only transaction"):
        read(old.url, YACHT)


def test_a_reader_who_may_not_see_all_is_refused(
    old: OldYacht, cluster: Cluster
) -> None:
    """Row security would hide rows, and a part of the truth looks like all of it."""
    with cluster.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS old_reader")
        connection.execute("CREATE ROLE old_reader")
        connection.execute(f"GRANT old_reader TO {DEPLOYER}")
    old.run(
        """
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO old_reader;
        ALTER TABLE public.pms_parts ENABLE ROW LEVEL SECURITY;
        CREATE POLICY plenty ON public.pms_parts USING (quantity_on_hand > 3);
        """
    )
    with pytest.raises(LegacyError, match="row-level security"):
        read(f"{old.url}&options=-c%20role%3Dold_reader", YACHT)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LEGACY_URL", "", "LEGACY_URL is missing"),
        ("LEGACY_URL", "postgresql://u:hidden%zz@127.0.0.1/x", UNREADABLE),
        ("LEGACY_URL", "postgresql://127.0.0.1:1/none", "the old database: "),
        ("DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/none", "connection"),
    ],
)
def test_a_database_that_does_not_answer_is_one_line(
    variable: str,
    value: str,
    said: str,
    adopt: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    told = adopt()
    assert told.exit_code == 2
    assert told.stderr.startswith("Error: ")
    assert said in told.stderr
    assert told.stderr.count("\n") == 1
    assert "hidden" not in told.stderr


def test_a_database_of_the_new_design_is_no_old_one(
    adopt: Callable[..., Result],
    fresh_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEGACY_URL", fresh_database.url(DEPLOYER))
    told = adopt()
    assert (told.exit_code, "no quantity_on_hand" in told.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lower deck/Locker 3", "Lower deck / Locker 3"),
        ("Lower deck  >  Locker 3 → Bin A-1", "Lower deck / Locker 3 / Bin A-1"),
        (" / Bosun store / ", "Bosun store"),
        ("Bosun\u00a0 store", "Bosun store"),
        ("N/A", None),
        ("--", "--"),
        (None, None),
        ("", None),
    ],
)
def test_a_text_is_a_path(text: str | None, expected: str | None) -> None:
    assert path(text) == expected
