"""A database of the older design: its tables, and a yacht's worth of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping

SPACE = UUID("0197c000-0000-7000-8000-000000000000")

TABLES = """
CREATE TABLE public.yacht_registry (
    yacht_id uuid PRIMARY KEY,
    name     text NOT NULL
);
CREATE TABLE public.pms_parts (
    id               uuid PRIMARY KEY,
    yacht_id         uuid,
    part_number      text,
    name             text,
    description      text,
    manufacturer     text,
    category         text,
    unit             text,
    minimum_quantity integer,
    quantity_on_hand numeric,
    location         text,
    deleted_at       timestamptz
);
CREATE TABLE public.pms_inventory_stock (
    id         uuid PRIMARY KEY,
    yacht_id   uuid,
    part_id    uuid,
    location   text,
    quantity   integer,
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE public.pms_inventory_transactions (
    id               uuid PRIMARY KEY,
    yacht_id         uuid,
    stock_id         uuid,
    transaction_type text,
    quantity_change  integer,
    quantity_before  integer,
    created_at       timestamptz
);
CREATE TABLE public.auth_users_roles (
    id         uuid PRIMARY KEY,
    user_id    uuid,
    yacht_id   uuid,
    role       text,
    is_active  boolean DEFAULT true,
    valid_from timestamptz
);
"""

DECKS = (
    "Lower deck",
    "Main deck",
    "Upper deck",
    "Bridge deck",
    "Tank deck",
    "Forepeak",
)
LOCKERS = 13
PARTS = 170


def legacy_id(kind: str, number: object) -> UUID:
    """The id of a row, which sorts as the rows of its kind were made."""
    if isinstance(number, int):
        return UUID(int=SPACE.int + (sum(kind.encode()) << 32) + number)
    return uuid5(SPACE, f"{kind} {number}")


@dataclass(frozen=True)
class OldYacht:
    """A yacht in an old database; `url` is its owner's."""

    url: str = field(repr=False)
    yacht_id: UUID

    def add(self, table: str, **values: Any) -> None:
        """Insert one row, of this yacht unless it names another."""
        given: Mapping[str, Any] = {"yacht_id": self.yacht_id, **values}
        names = ", ".join(given)
        places = ", ".join(["%s"] * len(given))
        query = f"INSERT INTO public.{table} ({names}) VALUES ({places})"  # noqa: S608  names of our own
        with psycopg.connect(self.url) as connection:
            connection.execute(query.encode(), [*given.values()])

    def claim(self, part_number: str, units: int) -> None:
        """Have the part itself say that there are so many of it."""
        with psycopg.connect(self.url) as connection:
            connection.execute(
                "UPDATE public.pms_parts SET quantity_on_hand = %s"
                " WHERE part_number = %s",
                [units, part_number],
            )

    def run(self, statement: str) -> None:
        """Change it by SQL."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())


def place(number: int) -> str:
    """One of 78 places, spelled in one of the ways in which people spell."""
    deck = DECKS[number % len(DECKS)]
    locker = f"Locker {number // len(DECKS) % LOCKERS + 1}"
    separator = (" / ", "/", " > ", "  /  ")[number % 4]
    return f"{deck}{separator}{locker}"


def build(url: str, yacht_id: UUID) -> OldYacht:
    """Fill an empty database: 170 parts at 78 places, 3 people, no fault in them.

    Every third part has a second stock; every stock has movements that led to what it
    holds. Together there are 1 to 9 units of each part at each of its places.
    """
    old = OldYacht(url, yacht_id)
    with psycopg.connect(url) as connection:
        connection.execute(TABLES)
        connection.execute(
            "INSERT INTO public.yacht_registry VALUES (%s, 'M/Y Old Hand')", [yacht_id]
        )
        for number in range(PARTS):
            _part(connection, yacht_id, number)
        for number, role in enumerate(("captain", "Chief Engineer", "deckhand")):
            connection.execute(
                "INSERT INTO public.auth_users_roles VALUES (%s, %s, %s, %s)",
                [legacy_id("role", number), person(number), yacht_id, role],
            )
    return old


def person(number: int) -> UUID:
    return legacy_id("person", number)


def quantity(number: int, stock: int) -> int:
    return (number + 4 * stock) % 9 + 1


def _part(connection: psycopg.Connection, yacht_id: UUID, number: int) -> None:
    stocks = 2 if number % 3 == 0 else 1
    units = [quantity(number, stock) for stock in range(stocks)]
    connection.execute(
        """
        INSERT INTO public.pms_parts
            (id, yacht_id, part_number, name, unit, minimum_quantity,
             quantity_on_hand, location)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            legacy_id("part", number),
            yacht_id,
            f"PN-{number:04}",
            f"Part {number}",
            ("pcs", "EA", "litre", None)[number % 4],
            number % 5,
            sum(units),
            place(number),
        ],
    )
    for stock, held in enumerate(units):
        stock_id = legacy_id("stock", number * 2 + stock)
        connection.execute(
            "INSERT INTO public.pms_inventory_stock VALUES (%s, %s, %s, %s, %s)",
            [
                stock_id,
                yacht_id,
                legacy_id("part", number),
                place(number + stock),
                held,
            ],
        )
        # What was there before the first movement stands in that movement alone.
        for step, change in enumerate((3, -1)):
            connection.execute(
                """
                INSERT INTO public.pms_inventory_transactions
                VALUES (%s, %s, %s, 'adjust', %s, %s, now() + %s * interval '1 s')
                """,
                [
                    legacy_id("movement", (number * 2 + stock) * 2 + step),
                    yacht_id,
                    stock_id,
                    change,
                    held - 2 + step * 3,
                    step,
                ],
            )
