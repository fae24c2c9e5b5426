"""The sample fleet: its yachts and people, and where their catalogues are.

Yachts and roles have no RPC, so they go in as the deployer's SQL. Parts, locations and
opening stock come from the CSV files through `deploy.importer`, as anybody's would.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg

from deploy.cluster import DEPLOYER, embedded, first_line
from deploy.personas import (
    MANAGER,
    OTHER_YACHT_ID,
    PEOPLE,
    STRANGER,
    YACHT_ID,
    Persona,
)
from deploy.server import ServerError
from deploy.state import StateError

if TYPE_CHECKING:
    from uuid import UUID

DIRECTORY = Path(__file__).parent / "sample"
TENANT = "SAMPLE"


@dataclass(frozen=True)
class Yacht:
    """A yacht of the sample fleet, its catalogue and who may import it."""

    yacht_id: UUID
    name: str
    catalogue: Path
    importer: Persona


YACHTS = (
    Yacht(YACHT_ID, "M/Y Saltmarsh Lark", DIRECTORY / "saltmarsh_lark.csv", MANAGER),
    Yacht(OTHER_YACHT_ID, "S/Y Quillfeather", DIRECTORY / "quillfeather.csv", STRANGER),
)


def deployer_url() -> str:
    """The deployer's URL: DATABASE_URL, else the embedded cluster's.

    Raises ServerError or StateError if there is no cluster here.
    """
    return os.environ.get("DATABASE_URL") or embedded().url(DEPLOYER)


def load_people(connection: psycopg.Connection) -> None:
    """Write the yachts and the people's roles, in one transaction.

    Rows that are there already stay as they are, except that a sample person's role
    counts again if somebody had ended it. Where the database is the MASTER too, the
    fleet becomes one tenant of it.
    """
    with connection.transaction():
        _load_tenant(connection)
        found = connection.execute("SELECT to_regclass('master.tenants')").fetchone()
        if found is not None and found[0] is not None:
            _load_master(connection)


def _load_tenant(connection: psycopg.Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany(
        """
        INSERT INTO public.yacht_registry (yacht_id, name)
        VALUES (%s, %s)
        ON CONFLICT (yacht_id) DO NOTHING
        """,
        [(yacht.yacht_id, yacht.name) for yacht in YACHTS],
    )
    cursor.executemany(
        """
        INSERT INTO public.auth_users_roles (user_id, yacht_id, role)
        VALUES (%s, %s, %s)
        ON CONFLICT (user_id, yacht_id, role)
        DO UPDATE SET is_active = true, valid_until = NULL
        """,
        [(person.user_id, person.yacht_id, person.yacht_role) for person in PEOPLE],
    )


def _load_master(connection: psycopg.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(
        """
        INSERT INTO master.tenants (tenant_key_alias, name)
        VALUES (%s, 'Sample fleet')
        ON CONFLICT (tenant_key_alias) DO NOTHING
        """,
        [TENANT],
    )
    cursor.executemany(
        """
        INSERT INTO master.yachts (yacht_id, tenant_key_alias, name)
        VALUES (%s, %s, %s)
        ON CONFLICT (yacht_id) DO NOTHING
        """,
        [(yacht.yacht_id, TENANT, yacht.name) for yacht in YACHTS],
    )
    cursor.executemany(
        """
        INSERT INTO master.user_accounts (user_id, tenant_key_alias)
        VALUES (%s, %s)
        ON CONFLICT (user_id) DO NOTHING
        """,
        [(person.user_id, TENANT) for person in PEOPLE],
    )


@click.command()
def main() -> None:
    """Load the yachts and people of the sample fleet; twice does no harm."""
    try:
        with psycopg.connect(deployer_url()) as connection:
            load_people(connection)
    except (ServerError, StateError) as error:
        raise click.ClickException(str(error)) from error
    except psycopg.Error as error:
        raise click.ClickException(first_line(error)) from error
    click.echo(f"Sample fleet: {len(YACHTS)} yachts, {len(PEOPLE)} people")


if __name__ == "__main__":
    main()
