"""What only SQL knows, as metrics: canary, drift, signatures.

For node_exporter's textfile collector: one file for each tenant, written anew every
minute beside `make tick`. `deploy/monitoring/METRICS.md` lists them.
"""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    generate_latest,
    write_to_textfile,
)

from deploy.cluster import first_line
from deploy.sample import deployer_url
from deploy.server import ServerError
from deploy.state import StateError

# Drift that a reconciliation has found counts as long as this: by now it is repaired.
MINUTES = 15
QUERIES = {
    "part_lens_canary_percentage": (
        "Share of yachts that are in, 0 to 100.",
        """
        SELECT CASE WHEN f.enabled THEN f.canary_percentage ELSE 0 END
        FROM public.feature_flags AS f WHERE f.flag_name = 'part_lens_v2'
        """,
    ),
    "part_lens_drifted_stocks": (
        f"Stocks that drift, or did in the last {MINUTES} minutes.",
        f"""
        SELECT greatest(
            (SELECT count(*) FROM private.check_inventory_drift()),
            (SELECT coalesce(max(r.drifting), 0) FROM private.reconciliations AS r
             WHERE r.ran_at >= now() - interval '{MINUTES} minutes'))
        """,  # noqa: S608  a number of our own
    ),
    "part_lens_stock_drift_ratio": (
        "Largest drift of a part now, by what the ledger has of it.",
        """
        SELECT coalesce(max(p.ratio), 0)::float
        FROM (
            SELECT sum(abs(v.cached_quantity - v.on_hand))::numeric
                   / greatest(sum(v.on_hand), 1) AS ratio
            FROM public.v_stock_from_transactions AS v
            GROUP BY v.yacht_id, v.part_id
        ) AS p
        """,
    ),
    "part_lens_signatures_incomplete": (
        "Movements of signed types whose signature is not complete.",
        """
        SELECT coalesce(sum(c.unsigned), 0)::bigint
        FROM private.signature_compliance() AS c WHERE c.source = 'ledger'
        """,
    ),
    "part_lens_reconciled_timestamp_seconds": (
        "When all stocks were last compared with the ledger, in seconds since 1970.",
        """
        SELECT coalesce(extract(epoch FROM max(r.ran_at)), 0)::float
        FROM private.reconciliations AS r
        WHERE r.is_whole
        """,
    ),
    "part_lens_ledger_read_timestamp_seconds": (
        "When these were read, in seconds since 1970.",
        "SELECT extract(epoch FROM now())::float",
    ),
}


class LedgerError(Exception):
    """The metrics cannot be read; the text is one line."""


def collect(url: str, *, tenant: str) -> CollectorRegistry:
    """Read the metrics of the database at `url`, whose login is the deployer.

    LedgerError where it is not: row security would show nothing amiss.
    """
    registry = CollectorRegistry()
    with psycopg.connect(url, connect_timeout=10) as connection:
        sees_all = connection.execute(
            "SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles AS r"
            " WHERE r.rolname = current_user"
        ).fetchone()
        if sees_all != (True,):
            raise LedgerError("DATABASE_URL must be the deployer's, who has BYPASSRLS")
        for name, (description, query) in QUERIES.items():
            gauge = Gauge(name, description, ["tenant"], registry=registry)
            row = connection.execute(query.encode()).fetchone()
            if row is not None:
                gauge.labels(tenant).set(row[0])
        connection.rollback()
    return registry


@click.command(help=__doc__)
@click.option("--tenant", default="", help="Its alias in MASTER; default: none.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Replaced in one step; its name ends with .prom. Default: to stdout.",
)
def main(tenant: str, file: Path | None) -> None:
    """Read the database in DATABASE_URL, else the embedded one."""
    try:
        registry = collect(deployer_url(), tenant=tenant)
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable):
        raise click.ClickException(
            "Part Lens is not deployed: `make migrate`"
        ) from None
    except psycopg.Error as error:
        raise click.ClickException(first_line(error)) from None
    except (LedgerError, ServerError, StateError) as error:
        raise click.ClickException(str(error)) from error
    if file is None:
        click.echo(generate_latest(registry), nl=False)
        return
    try:
        write_to_textfile(str(file), registry)
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}") from None


if __name__ == "__main__":
    main()
