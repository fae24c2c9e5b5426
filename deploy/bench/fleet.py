"""Databases to measure on: yachts with parts and a past, made by fast SQL.

A past of a million movements does not go through the trigger that numbers them: it is
written with the values that the trigger would have found, with that trigger and the
foreign keys off, and `faults` then checks every stock of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg import ClientCursor, sql

from deploy.cluster import DEPLOYER
from deploy.desired import build
from deploy.scratch import create_migrated

if TYPE_CHECKING:
    from deploy.cluster import Cluster

HAND = Path(__file__).with_name("hand.sql")
YACHT_ID = UUID("0197c000-0000-7000-8000-000000000001")
CREW_ID = UUID("0197c000-0000-7000-8000-000000000101")
# Part and stock number n have the ids <prefix><n as 12 decimal digits>.
PART = "0197c001-0000-7000-8000-"
STOCK = "0197c002-0000-7000-8000-"
# On hand at the start, where a part is only ever consumed.
PLENTY = 1_000_000_000

_YACHT = """
INSERT INTO public.yacht_registry (yacht_id, name)
VALUES (%(yacht)s, 'Measured');
INSERT INTO public.auth_users_roles (user_id, yacht_id, role)
VALUES (%(crew)s, %(yacht)s, 'crew');
INSERT INTO public.pms_part_locations (yacht_id, location_id, name)
SELECT %(yacht)s, ('0197c003-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
       'Locker ' || n
FROM generate_series(1, 78) AS n;
"""

# Every tenth part has a high minimum: three in four of those end up below it.
_PARTS = """
INSERT INTO public.pms_parts
    (yacht_id, part_id, part_number, name, description, manufacturer, category, barcode,
     min_level, max_level, is_critical, primary_location_id)
SELECT
    %(yacht)s,
    (%(part)s || lpad(n::text, 12, '0'))::uuid,
    w.codes[1 + n %% cardinality(w.codes)] || '-' || lpad(n::text, 6, '0'),
    concat_ws(' ', w.kinds[1 + n / 7 %% cardinality(w.kinds)],
              w.things[1 + n %% cardinality(w.things)], 10 + n %% 90),
    concat_ws(' ', 'Spare for', w.machines[1 + n / 3 %% cardinality(w.machines)],
              'engine, original part'),
    w.makers[1 + n / 11 %% cardinality(w.makers)],
    'spares',
    (4000000000000 + n)::text,
    CASE WHEN n %% 10 = 0 THEN 30 ELSE n %% 5 END,
    CASE WHEN n %% 3 = 0 THEN 60 END,
    n %% 50 = 0,
    ('0197c003-0000-7000-8000-' || lpad((1 + n %% 78)::text, 12, '0'))::uuid
FROM generate_series(1, %(parts)s) AS n
CROSS JOIN (VALUES (
    ARRAY['IMP', 'FLT', 'GSK', 'VLV', 'BRG', 'SEN', 'HSE'],
    ARRAY['Raw water', 'Fuel', 'Oil', 'Cooling', 'Exhaust', 'Hydraulic', 'Bilge',
          'Fresh water', 'Starting', 'Steering', 'Air conditioning', 'Generator'],
    ARRAY['impeller', 'filter', 'gasket', 'valve', 'bearing', 'sensor', 'hose', 'pump',
          'seal', 'belt', 'anode', 'injector', 'thermostat', 'relay', 'coupling',
          'solenoid', 'strainer', 'fuse', 'bolt'],
    ARRAY['main', 'auxiliary', 'tender', 'port', 'starboard'],
    ARRAY['Racor', 'Jabsco', 'Volvo Penta', 'Caterpillar', 'Kohler', 'Parker', 'Bosch',
          'Vetus', 'Johnson', 'Alfa Laval', 'SKF', 'Wartsila', 'Yanmar']
)) AS w (codes, kinds, things, machines, makers);
INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
SELECT p.yacht_id, (%(stock)s || right(p.part_id::text, 12))::uuid, p.part_id,
       p.primary_location_id
FROM public.pms_parts AS p;
"""

# The opening, then out and in by turns, an hour apart.
_PAST = """
INSERT INTO public.pms_inventory_transactions
    (yacht_id, transaction_id, stock_id, seq, on_hand_before, quantity_change,
     on_hand_after, transaction_type, recorded_at, occurred_at)
SELECT
    s.yacht_id,
    ('0197c004-' || lpad(to_hex(s.n >> 16), 4, '0') || '-7'
     || lpad(to_hex(s.n >> 4 & 4095), 3, '0') || '-8' || lpad(to_hex(s.n & 15), 3, '0')
     || '-' || lpad(to_hex(seq), 12, '0'))::uuid,
    s.stock_id, seq,
    CASE WHEN seq = 1 THEN 0 ELSE s.opening - seq %% 2 END,
    CASE WHEN seq = 1 THEN s.opening WHEN seq %% 2 = 0 THEN -1 ELSE 1 END,
    s.opening - (1 - seq %% 2),
    CASE
        WHEN seq = 1 THEN 'opening'
        WHEN seq %% 2 = 0 THEN 'consumed'
        ELSE 'received'
    END,
    s.recorded_at, s.recorded_at
FROM (
    SELECT s.yacht_id, s.stock_id, g.n, g.seq, g.opening,
           timestamptz '2026-01-01' - (%(depth)s - g.seq) * interval '1 minute'
    FROM (
        SELECT n, seq, coalesce(%(opening)s::integer, 5 + n %% 40)
        FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
        CROSS JOIN generate_series(1, %(depth)s) AS seq
    ) AS g (n, seq, opening)
    JOIN public.pms_inventory_stock AS s
      ON s.stock_id = (%(stock)s || lpad(g.n::text, 12, '0'))::uuid
) AS s (yacht_id, stock_id, n, seq, opening, recorded_at);
UPDATE public.pms_inventory_stock AS s
SET quantity = t.on_hand_after, newest_seq = t.seq
FROM public.pms_inventory_transactions AS t
WHERE t.yacht_id = s.yacht_id
  AND t.stock_id = s.stock_id
  AND t.seq = %(depth)s
  AND right(s.stock_id::text, 12)::bigint BETWEEN %(first)s AND %(last)s;
"""

_HAND = """
INSERT INTO hand.stock (stock_id, quantity)
SELECT s.stock_id, s.quantity FROM public.pms_inventory_stock AS s;
INSERT INTO hand.movement
    (stock_id, seq, on_hand_before, quantity_change, on_hand_after)
SELECT s.stock_id, 1, 0, s.quantity, s.quantity FROM hand.stock AS s;
"""

_FAULTS = """
SELECT count(*)
FROM public.pms_inventory_stock AS s
JOIN (
    SELECT
        t.stock_id,
        sum(t.quantity_change) AS total,
        count(*) AS movements,
        max(t.seq) AS newest,
        min(t.on_hand_after) AS least,
        bool_and(t.on_hand_before = t.preceding
                 AND t.recorded_at >= t.earlier) AS follows
    FROM (
        SELECT
            t.stock_id, t.seq, t.quantity_change, t.on_hand_before, t.on_hand_after,
            t.recorded_at,
            lag(t.on_hand_after, 1, 0) OVER w AS preceding,
            lag(t.recorded_at, 1, '-infinity') OVER w AS earlier
        FROM public.pms_inventory_transactions AS t
        WINDOW w AS (PARTITION BY t.stock_id ORDER BY t.seq)
    ) AS t
    GROUP BY t.stock_id
) AS t USING (stock_id)
JOIN public.pms_inventory_transactions AS n
  ON n.yacht_id = s.yacht_id
 AND n.stock_id = s.stock_id
 AND n.seq = t.newest
WHERE NOT (t.total = n.on_hand_after
           AND t.total = s.quantity
           AND t.movements = t.newest
           AND t.least >= 0
           AND t.follows)
"""


@dataclass(frozen=True)
class Fleet:
    """A database of one yacht, to measure on; `parts` are those with a past."""

    cluster: Cluster
    name: str
    parts: int

    def url(self, user: str) -> str:
        """Its libpq URL for a login."""
        return self.cluster.url(user, self.name)

    def count(self, table: str) -> int:
        """The number of rows of a table, named with its schema."""
        with self.cluster.connect(self.name) as connection:
            row = connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(
                    sql.Identifier(*table.split("."))
                )
            ).fetchone()
        return int(row[0]) if row else 0

    def analyze(self) -> None:
        """Have plans made anew that were made while tables were empty.

        Autovacuum does that within a minute, in the midst of a measurement.
        """
        with self.cluster.connect(self.name) as connection:
            connection.execute("ANALYZE")

    def faults(self) -> int:
        """The number of stocks of which sum, newest movement and cache disagree.

        Or whose movements do not follow one another.
        """
        with self.cluster.connect(self.name) as connection:
            row = connection.execute(_FAULTS).fetchone()
            drift = connection.execute(
                "SELECT count(*) FROM private.check_inventory_drift()"
            ).fetchone()
        return max(row[0] if row else 0, drift[0] if drift else 0)


def make_template(cluster: Cluster, name: str, *, desired: bool) -> None:
    """Make a database by migrating it, or from the desired state with `desired`."""
    if desired:
        cluster.create_database(name)
        build(cluster.url(DEPLOYER, name))
    else:
        create_migrated(cluster, name)


def make_fleet(
    cluster: Cluster,
    name: str,
    *,
    template: str,
    pasts: list[tuple[int, int]],
    opening: int | None = None,
    short: int = 0,
    hand: bool = False,
) -> Fleet:
    """Make a database with a yacht of parts that have a past.

    `pasts` holds pairs: so many parts, of so many movements each. They begin with
    `opening` units, by default few. `short` parts more have one unit, so that seven in
    ten are low. `hand` adds the hand-written function, for stocks of one movement.
    """
    cluster.create_database(name, template=template)
    parts = sum(count for count, _ in pasts)
    written = [(count, depth, opening) for count, depth in pasts]
    if short:
        written.append((short, 1, 1))
    with cluster.connect(name) as connection:
        # %(…)s in several statements at once: only the client can bind those.
        cursor = ClientCursor(connection)
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "ALTER TABLE public.pms_inventory_transactions"
            " DISABLE TRIGGER t20_complete_movement"
        )
        given = {
            "yacht": YACHT_ID,
            "crew": CREW_ID,
            "part": PART,
            "stock": STOCK,
            "parts": parts + short,
        }
        cursor.execute(_YACHT, given)
        cursor.execute(_PARTS, given)
        first = 1
        for count, depth, units in written:
            last = first + count - 1
            past = {"first": first, "last": last, "depth": depth, "opening": units}
            cursor.execute(_PAST, {**given, **past})
            first = last + 1
        cursor.execute(
            "ALTER TABLE public.pms_inventory_transactions"
            " ENABLE ALWAYS TRIGGER t20_complete_movement"
        )
        if hand:
            cursor.execute(HAND.read_bytes())
            cursor.execute(_HAND)
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
    return Fleet(cluster, name, parts)
