"""`python -m gateway.storage sweep`: remove stored bytes that no row names."""

from __future__ import annotations

import asyncio
import os
import time

import click

from gateway import logs
from gateway.database import Database
from gateway.errors import ApiError
from gateway.settings import Settings, SettingsError
from gateway.storage import storage_of
from gateway.storage.errors import StorageError
from gateway.storage.routes import ObjectStorage
from gateway.storage.store import StoreError

PATIENCE = 10  # seconds that the database is waited for


@click.group()
def main() -> None:
    """Look after storage, with the gateway's own PART_LENS_* settings."""


@main.command()
def sweep() -> None:
    """Remove bytes that are older than an hour and that no row names."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    logs.configure(settings.log_level)
    tenants = {alias: settings.of_tenant(alias) for alias in settings.tenants}
    removed = 0
    for alias, described in (tenants or {"": settings}).items():
        try:
            removed += asyncio.run(_sweep(described, alias))
        except (ApiError, StorageError) as error:
            raise click.ClickException(f"{alias} {error.message}".strip()) from None
        except StoreError as error:
            raise click.ClickException(f"PART_LENS_STORAGE_URL: {error}") from None
        except OSError as error:
            raise click.ClickException(f"the store cannot be used: {error}") from None
    click.echo(f"{removed} removed")


async def _sweep(settings: Settings, tenant: str) -> int:
    if not settings.database_url:
        raise click.ClickException("the sweep needs the tenant's DATABASE_URL")
    database = Database(settings, tenant=tenant)
    storage = storage_of(settings, database, tenant=tenant)
    if not isinstance(storage, ObjectStorage):
        raise click.ClickException("this gateway stores nothing itself")
    await database.open()
    try:
        deadline = time.monotonic() + PATIENCE
        while not database.ready and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return await storage.sweep()
    finally:
        await database.close()


if __name__ == "__main__":
    main()
