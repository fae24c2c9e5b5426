"""A movement and a deactivation at the same moment: never a movement after it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg.errors import Error

from deploy.scratch import create_tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from deploy.cluster import Cluster

TEMPLATE = "template_deactivation_race"
SERIALIZATION_FAILURE = "40001"

# Each moves a part that is at `bin`, or brings it there; the last opens a stock.
CONSUME: LiteralString = """
    SELECT public.consume_part(
        p_yacht_id => tap.id('yacht'), p_part_id => tap.id('gasket'), p_quantity => 1,
        p_idempotency_key => 'race', p_stock_id => tap.id('gasket in bin'))
    FROM tap.act_as('crew')
"""
PLAIN_INSERT: LiteralString = """
    INSERT INTO public.pms_inventory_transactions
        (yacht_id, stock_id, quantity_change, transaction_type)
    VALUES
        (tap.id('yacht'), tap.id('gasket in bin'), -1, 'consumed')
    RETURNING '{"success": true}'::jsonb
"""
OPEN_STOCK: LiteralString = """
    SELECT public.receive_part(
        p_yacht_id => tap.id('yacht'), p_part_id => tap.id('pump'), p_quantity => 1,
        p_idempotency_key => 'race', p_location_id => tap.id('bin'))
    FROM tap.act_as('captain')
"""
MOVES = {"consume": CONSUME, "plain insert": PLAIN_INSERT, "open stock": OPEN_STOCK}

DEACTIVATIONS: dict[str, LiteralString] = {
    "part": """
        UPDATE public.pms_parts AS p
        SET deleted_at = now()
        WHERE p.part_id IN (tap.id('gasket'), tap.id('pump'))
        RETURNING '{"success": true}'::jsonb
    """,
    "location": """
        UPDATE public.pms_part_locations AS l
        SET deleted_at = now()
        WHERE l.location_id = tap.id('bin')
        RETURNING '{"success": true}'::jsonb
    """,
}

READ_COMMITTED = IsolationLevel.READ_COMMITTED
REPEATABLE_READ = IsolationLevel.REPEATABLE_READ

every_move = pytest.mark.parametrize("move", MOVES)
every_deactivation = pytest.mark.parametrize("what", DEACTIVATIONS)
every_isolation = pytest.mark.parametrize(
    "isolation", [READ_COMMITTED, REPEATABLE_READ], ids=lambda level: level.name.lower()
)


@dataclass(frozen=True)
class Race:
    """Two connections that meet, and one that looks on."""

    mover: psycopg.Connection
    deactivator: psycopg.Connection
    observer: psycopg.Connection
    threads: ThreadPoolExecutor

    def begin(self, isolation: IsolationLevel) -> None:
        """Both begin a transaction with a snapshot of now."""
        for connection in (self.mover, self.deactivator):
            connection.isolation_level = isolation
            connection.execute("SELECT FROM public.pms_parts")

    def blocked(
        self, connection: psycopg.Connection, statement: LiteralString
    ) -> Future[str]:
        """Start a statement and return when it waits for a lock."""
        future = self.threads.submit(outcome, connection, statement)
        pid = connection.info.backend_pid
        deadline = time.monotonic() + 10
        while not future.done() and not self._waits(pid):
            assert time.monotonic() < deadline, "it neither waits nor ends"
        return future

    def _waits(self, pid: int) -> bool:
        row = self.observer.execute(
            "SELECT cardinality(pg_catalog.pg_blocking_pids(%s)) > 0", [pid]
        ).fetchone()
        return row is not None and bool(row[0])

    def movements(self) -> int:
        """How many movements there are beyond those at the start."""
        row = self.observer.execute(
            "SELECT count(*) FROM public.pms_inventory_transactions AS t"
            " JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)"
            " WHERE s.location_id = tap.id('bin') AND t.transaction_type <> 'opening'"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def stocks(self) -> list[tuple[bool, bool]]:
        """Whether part and location of each stock at `bin` of either part are active.

        The stock's own columns, which follow the part and the location.
        """
        return self.observer.execute(
            "SELECT s.part_is_active, s.location_is_active"
            " FROM public.pms_inventory_stock AS s WHERE s.location_id = tap.id('bin')"
            " AND s.part_id IN (tap.id('gasket'), tap.id('pump'))"
        ).fetchall()


def outcome(connection: psycopg.Connection, statement: LiteralString) -> str:
    """`done`, the code of a refusal, or what the database raised."""
    try:
        rows = connection.execute(statement).fetchall()
    except Error as error:
        connection.rollback()
        if error.sqlstate == SERIALIZATION_FAILURE:
            return SERIALIZATION_FAILURE
        return error.diag.message_primary or str(error)
    return "done" if rows[0][0].get("success") else str(rows[0][0]["code"])


@pytest.fixture(scope="module")
def template(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    """A database with the fleet of the pgTAP files in it."""
    create_tap(cluster, TEMPLATE, template=migrated_template)
    with cluster.connect(TEMPLATE) as connection:
        connection.execute("SELECT tap.fleet()")
        connection.execute(
            "INSERT INTO public.pms_inventory_transactions"
            " (yacht_id, stock_id, quantity_change, transaction_type)"
            " VALUES (tap.id('yacht'), tap.id('gasket in bin'), 5, 'opening')"
        )
    yield TEMPLATE
    cluster.drop_database(TEMPLATE)


@pytest.fixture
def race(cluster: Cluster, template: str) -> Iterator[Race]:
    """Connections to a copy of it."""
    name = "deactivation_race"
    cluster.create_database(name, template=template)
    url = cluster.url("postgres", name)
    with (
        ThreadPoolExecutor(1) as threads,
        psycopg.connect(url) as mover,
        psycopg.connect(url) as deactivator,
        psycopg.connect(url, autocommit=True) as observer,
    ):
        yield Race(mover, deactivator, observer, threads)
    cluster.drop_database(name)


@every_isolation
@every_deactivation
@every_move
def test_a_movement_waits_for_a_deactivation_and_fails(
    race: Race, move: str, what: str, isolation: IsolationLevel
) -> None:
    """The deactivation came first: the movement waits for it and is refused."""
    race.begin(isolation)
    assert outcome(race.deactivator, DEACTIVATIONS[what]) == "done"
    movement = race.blocked(race.mover, MOVES[move])
    assert not movement.done()
    race.deactivator.commit()

    refusal = f"{what}_deactivated"
    expected = refusal if isolation is READ_COMMITTED else SERIALIZATION_FAILURE
    assert movement.result(10) == expected
    race.mover.commit()
    assert race.movements() == 0
    # The gasket's; the refused movement has opened none.
    assert race.stocks() == [(what != "part", what != "location")]
    assert outcome(race.mover, MOVES[move]) == refusal


@every_isolation
@every_deactivation
@every_move
def test_a_deactivation_waits_for_a_movement(
    race: Race, move: str, what: str, isolation: IsolationLevel
) -> None:
    """The movement came first: the deactivation waits for it, and none follows."""
    race.begin(isolation)
    assert outcome(race.mover, MOVES[move]) == "done"
    deactivation = race.blocked(race.deactivator, DEACTIVATIONS[what])
    assert not deactivation.done()
    race.mover.commit()

    repeats = isolation is REPEATABLE_READ
    assert deactivation.result(10) == (SERIALIZATION_FAILURE if repeats else "done")
    if repeats:
        assert outcome(race.deactivator, DEACTIVATIONS[what]) == "done"
    race.deactivator.commit()
    assert race.movements() == 1
    assert set(race.stocks()) == {(what != "part", what != "location")}
    race.mover.isolation_level = READ_COMMITTED
    again = MOVES[move].replace("'race'", "'again'")
    assert outcome(race.mover, again) == f"{what}_deactivated"


@every_deactivation
@every_move
def test_an_old_snapshot_does_not_hide_a_deactivation(
    race: Race, move: str, what: str
) -> None:
    """A transaction that began before the deactivation cannot move after it."""
    race.begin(REPEATABLE_READ)
    assert outcome(race.deactivator, DEACTIVATIONS[what]) == "done"
    race.deactivator.commit()
    assert outcome(race.mover, MOVES[move]) == SERIALIZATION_FAILURE
    assert race.movements() == 0
