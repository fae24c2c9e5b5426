"""The sample fleet: what its catalogues promise, and that its people load twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy.catalogue import Catalogue, read_catalogue
from deploy.cluster import DEPLOYER
from deploy.personas import MANAGER, PEOPLE
from deploy.sample import YACHTS, Yacht, load_people

if TYPE_CHECKING:
    from tests.conftest import Database

FIRST, SECOND = YACHTS


def catalogue(yacht: Yacht) -> Catalogue:
    return read_catalogue(yacht.catalogue)


def locations(yacht: Yacht) -> set[tuple[str, ...]]:
    """Every location of the tree, the inner ones included."""
    found = set()
    for row in catalogue(yacht).rows:
        path = str(row["location"]).split(" / ")
        found |= {tuple(path[:depth]) for depth in range(1, len(path) + 1)}
    return found


def ean_is_valid(digits: str) -> bool:
    weighted = sum(
        int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)
    )
    return weighted % 10 == 0


def test_first_yacht_has_at_least_170_parts_in_78_locations() -> None:
    """The size that the demo promises."""
    assert len(catalogue(FIRST).rows) >= 170
    assert len(locations(FIRST)) == 78
    assert max(map(len, locations(FIRST))) == 4


@pytest.mark.parametrize("yacht", YACHTS, ids=lambda yacht: yacht.name)
class TestCatalogue:
    def test_no_row_is_refused(self, yacht: Yacht) -> None:
        """Every cell has the right type and no part number stands there twice."""
        assert catalogue(yacht).refused == ()

    def test_barcodes_are_unique_and_their_check_digits_right(
        self, yacht: Yacht
    ) -> None:
        """Thirteen digits are an EAN; other labels are the yacht's own."""
        codes = [str(r["barcode"]) for r in catalogue(yacht).rows if "barcode" in r]
        assert len(codes) == len(set(codes))
        eans = [code for code in codes if code.isdigit()]
        assert eans
        assert [c for c in eans if len(c) != 13 or not ean_is_valid(c)] == []

    def test_levels_are_in_order(self, yacht: Yacht) -> None:
        """A maximum is never below its minimum, nor what is in stock above it."""
        wrong = [
            row["part_number"]
            for row in catalogue(yacht).rows
            if "max_level" in row
            and not (
                0 <= int(row["min_level"]) <= int(row["max_level"])
                and 0 <= int(row["opening_quantity"]) <= int(row["max_level"])
            )
        ]
        assert wrong == []

    def test_lists_have_something_to_show(self, yacht: Yacht) -> None:
        """Some parts are low, some never are, some are critical, some are not there."""
        rows = catalogue(yacht).rows
        assert [r for r in rows if int(r["opening_quantity"]) < int(r["min_level"])]
        assert [r for r in rows if r["min_level"] == 0]
        assert [r for r in rows if r["opening_quantity"] == 0]
        assert {r["is_critical"] for r in rows} == {True, False}


def test_units_are_known_to_the_database(fresh_database: Database) -> None:
    """The catalogues use no unit that the import would refuse."""
    with psycopg.connect(fresh_database.url("postgres")) as connection:
        row = connection.execute("SELECT private.units()").fetchone()
    assert row is not None
    used = {r.get("unit", "pcs") for y in YACHTS for r in catalogue(y).rows}
    assert used <= set(row[0])


def test_people_load_twice(fresh_database: Database) -> None:
    """A second load changes nothing, but a role that was ended counts again."""
    with psycopg.connect(fresh_database.url(DEPLOYER), autocommit=True) as connection:
        load_people(connection)
        connection.execute(
            "UPDATE public.auth_users_roles SET is_active = false WHERE user_id = %s",
            [MANAGER.user_id],
        )
        load_people(connection)
        roles = connection.execute(
            "SELECT user_id, yacht_id, role FROM public.auth_users_roles"
            " WHERE is_active AND valid_until IS NULL"
        ).fetchall()
        accounts = connection.execute(
            "SELECT a.user_id, y.yacht_id"
            "  FROM master.user_accounts AS a"
            "  JOIN master.yachts AS y USING (tenant_key_alias)"
        ).fetchall()
    assert set(roles) == {(p.user_id, p.yacht_id, p.yacht_role) for p in PEOPLE}
    assert len(roles) == len(PEOPLE)
    assert set(accounts) == {(p.user_id, y.yacht_id) for p in PEOPLE for y in YACHTS}
