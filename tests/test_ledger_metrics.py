"""What only SQL knows, read from a real ledger for Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from deploy.cluster import DEPLOYER, UNREADABLE
from deploy.ledger_metrics import QUERIES, main
from tests.fleet import launch, manned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deploy.cluster import Cluster
    from tests.conftest import Database

TENANT = "NORTH"


def values(text: str) -> dict[str, float]:
    """Each metric's value for the tenant."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels == {"tenant": TENANT}
    }


@pytest.fixture
def look(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], dict[str, float]]:
    """Reads the metrics of a ledger that has 100 units of one part."""
    with manned(fresh_database.url(DEPLOYER)) as fleet:
        launch(fleet, 100)
    monkeypatch.setenv("DATABASE_URL", fresh_database.url(DEPLOYER))

    def read() -> dict[str, float]:
        told = CliRunner().invoke(main, ["--tenant", TENANT])
        assert told.exit_code == 0, told.output
        return values(told.stdout)

    return read


def change(database: Database, *statements: str) -> None:
    """What only the superuser can do to a ledger."""
    with psycopg.connect(database.url("postgres")) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_ledger_in_order(look: Callable[[], dict[str, float]]) -> None:
    found = look()
    assert found.keys() == QUERIES.keys()
    read_at = found.pop("part_lens_ledger_read_timestamp_seconds")
    assert abs(time.time() - read_at) < 600
    assert found == {
        "part_lens_canary_percentage": 100,
        "part_lens_drifted_stocks": 0,
        "part_lens_stock_drift_ratio": 0,
        "part_lens_signatures_incomplete": 0,
        "part_lens_reconciled_timestamp_seconds": 0,
    }


def test_when_it_was_reconciled(
    look: Callable[[], dict[str, float]], fresh_database: Database
) -> None:
    """All of it, by the server's clock: no alert goes off while somebody ticks."""
    change(
        fresh_database,
        "SELECT private.reconcile(clock_timestamp(), y.yacht_id)"
        " FROM public.yacht_registry AS y",
    )
    assert look()["part_lens_reconciled_timestamp_seconds"] == 0
    change(fresh_database, "SELECT private.tick()")
    found = look()["part_lens_reconciled_timestamp_seconds"]
    assert abs(time.time() - found) < 600


def test_a_cache_that_drifts(
    look: Callable[[], dict[str, float]], fresh_database: Database
) -> None:
    """Seen while it does, and for a while after it was repaired."""
    change(
        fresh_database,
        "UPDATE public.pms_inventory_stock SET quantity = quantity + 2"
        " WHERE quantity = 100",
    )
    found = look()
    assert found["part_lens_drifted_stocks"] == 1
    assert found["part_lens_stock_drift_ratio"] == pytest.approx(0.02)
    change(fresh_database, "SELECT private.reconcile(clock_timestamp())")
    found = look()
    assert found["part_lens_drifted_stocks"] == 1
    assert found["part_lens_stock_drift_ratio"] == 0


def test_a_movement_that_lacks_its_signature(
    look: Callable[[], dict[str, float]], fresh_database: Database
) -> None:
    """It takes a dropped constraint, and shows."""
    change(
        fresh_database,
        "ALTER TABLE public.pms_inventory_transactions"
        " DROP CONSTRAINT signed_types_are_signed",
        "INSERT INTO public.pms_inventory_transactions"
        " (yacht_id, stock_id, quantity_change, transaction_type)"
        " SELECT s.yacht_id, s.stock_id, -1, 'write_off'"
        " FROM public.pms_inventory_stock AS s WHERE s.quantity = 100",
    )
    assert look()["part_lens_signatures_incomplete"] == 1


def test_a_canary_that_is_switched_off_is_at_0(
    look: Callable[[], dict[str, float]], fresh_database: Database
) -> None:
    change(fresh_database, "UPDATE public.feature_flags SET enabled = false")
    assert look()["part_lens_canary_percentage"] == 0


def test_a_login_that_sees_a_part_is_refused(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row security would show it no drift at all."""
    monkeypatch.setenv("DATABASE_URL", fresh_database.url("authenticator"))
    told = CliRunner().invoke(main)
    assert (told.exit_code, "BYPASSRLS" in told.stderr) == (1, True)


def test_an_unreadable_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq quotes what it cannot read, which is most likely a part of a password."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter%zz22@127.0.0.1/x")
    told = CliRunner().invoke(main)
    assert (told.exit_code, told.output) == (1, f"Error: {UNREADABLE}\n")


def test_a_database_without_part_lens_is_one_line(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", cluster.url(DEPLOYER, "postgres"))
    told = CliRunner().invoke(main)
    assert (told.exit_code, told.output) == (
        1,
        "Error: Part Lens is not deployed: `make migrate`\n",
    )


@pytest.mark.usefixtures("look")
def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "part_lens.prom"
    told = CliRunner().invoke(main, ["--file", str(path)])
    said = f"Error: cannot write {path}: No such file or directory\n"
    assert (told.exit_code, told.output) == (1, said)


@pytest.mark.usefixtures("look")
def test_a_file_is_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "part_lens.prom"
    path.write_text("of a minute ago\n")
    told = CliRunner().invoke(main, ["--tenant", TENANT, "--file", str(path)])
    assert (told.exit_code, told.output) == (0, "")
    assert values(path.read_text()).keys() == QUERIES.keys()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
