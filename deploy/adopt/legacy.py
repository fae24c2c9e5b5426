"""Reads a database of the older design, in one read-only transaction.

There a part has `quantity_on_hand` and a text `location`; `pms_inventory_stock` caches
a quantity per part and place; `pms_inventory_transactions` has no `seq`. Columns went
by several names over the years: the first that a table has is read, one that it lacks
is None. Nothing is judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from deploy.cluster import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

# What the adoption calls a value, and the columns that may hold it.
PARTS: Mapping[str, tuple[str, ...]] = {
    "id": ("part_id", "id"),
    "part_number": ("part_number", "part_no"),
    "name": ("name", "part_name"),
    "description": ("description",),
    "manufacturer": ("manufacturer", "maker"),
    "category": ("category",),
    "unit": ("unit", "unit_of_measure", "uom"),
    "barcode": ("barcode",),
    "min_level": ("min_level", "minimum_quantity", "min_quantity"),
    "max_level": ("max_level", "maximum_quantity", "max_quantity"),
    "is_critical": ("is_critical", "critical"),
    "location": ("location", "storage_location"),
    "quantity": ("quantity_on_hand",),
    "is_active": ("is_active",),
    "deleted_at": ("deleted_at",),
}
STOCKS: Mapping[str, tuple[str, ...]] = {
    "id": ("stock_id", "id"),
    "part_id": ("part_id",),
    "location": ("location", "storage_location"),
    "quantity": ("quantity", "quantity_on_hand"),
}
MOVEMENTS: Mapping[str, tuple[str, ...]] = {
    "stock_id": ("stock_id",),
    "change": ("quantity_change", "quantity_delta"),
    "before": ("quantity_before", "on_hand_before"),
    "at": ("created_at", "occurred_at", "recorded_at"),
}
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user_id",),
    "role": ("role",),
    "is_active": ("is_active",),
    "valid_from": ("valid_from",),
    "valid_until": ("valid_until",),
}

Row = dict[str, Any]


class LegacyError(Exception):
    """The old database cannot be read, or is none; the text is one line."""


@dataclass(frozen=True, kw_only=True)
class Legacy:
    """What one yacht has in the old database, in the order of its ids."""

    parts: list[Row]
    stocks: list[Row]
    movements: list[Row]
    people: list[Row]
    yacht_name: str | None


def read(url: str, yacht_id: UUID, *, schema: str = "public") -> Legacy:
    """Read the rows of a yacht; LegacyError if that is not possible.

    A table without `yacht_id` belongs to the yacht as a whole.
    """
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            # One moment for all tables, and no way to write by mistake.
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            # A reader whom row security binds would see half and take it for all.
            connection.execute("SET LOCAL row_security = off")
            reader = _Reader(connection, schema, yacht_id)
            reader.check()
            return Legacy(
                parts=reader.rows("pms_parts", PARTS),
                stocks=reader.rows("pms_inventory_stock", STOCKS),
                movements=reader.rows("pms_inventory_transactions", MOVEMENTS),
                people=reader.rows("auth_users_roles", PEOPLE),
                yacht_name=reader.yacht_name(),
            )
    except psycopg.Error as error:
        raise LegacyError(f"the old database: {first_line(error)}") from None


@dataclass(frozen=True)
class _Reader:
    connection: psycopg.Connection
    schema: str
    yacht_id: UUID

    def check(self) -> None:
        if "quantity_on_hand" not in self._columns("pms_parts"):
            raise LegacyError(
                f"{self.schema}.pms_parts has no quantity_on_hand:"
                " this is no database of the older design"
            )

    def rows(self, table: str, wanted: Mapping[str, tuple[str, ...]]) -> list[Row]:
        """The rows of a table by the names of `wanted`; none if there is no table."""
        present = self._columns(table)
        if not present:
            return []
        found = {
            name: next((column for column in columns if column in present), None)
            for name, columns in wanted.items()
        }
        # As JSON, so that no type of theirs needs to be known here.
        value = sql.SQL(", ").join(
            sql.SQL("{}, {}").format(
                sql.Literal(name), sql.Identifier("t", column) if column else sql.NULL
            )
            for name, column in found.items()
        )
        order = [
            str(found[name]) for name in ("at", "id", "user_id") if found.get(name)
        ]
        query = sql.SQL(
            "SELECT jsonb_build_object({}) FROM {} AS t WHERE {} ORDER BY {}"
        ).format(
            value,
            sql.Identifier(self.schema, table),
            sql.SQL(
                "t.yacht_id::text = %s"
                if "yacht_id" in present
                else "%s::text IS NOT NULL"
            ),
            sql.SQL(", ").join(
                sql.Identifier("t", column) for column in order or ["ctid"]
            ),
        )
        return [row[0] for row in self.connection.execute(query, [str(self.yacht_id)])]

    def yacht_name(self) -> str | None:
        for table, column in (("yacht_registry", "name"), ("yachts", "name")):
            if {"yacht_id", column} <= self._columns(table):
                query = sql.SQL("SELECT {} FROM {} WHERE yacht_id::text = %s").format(
                    sql.Identifier(column), sql.Identifier(self.schema, table)
                )
                row = self.connection.execute(query, [str(self.yacht_id)]).fetchone()
                return str(row[0]) if row and row[0] else None
        return None

    def _columns(self, table: str) -> set[str]:
        found = self.connection.execute(
            """
            SELECT a.attname
            FROM pg_catalog.pg_attribute AS a
            JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = %s
              AND c.relname = %s
              AND a.attnum > 0
              AND NOT a.attisdropped
            """,
            [self.schema, table],
        )
        return {str(row[0]) for row in found}
