"""`python -m gateway`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import os

import click
import uvicorn

from gateway import logs
from gateway.app import application
from gateway.settings import Settings, SettingsError

# Seconds that calls under way get to finish when the gateway is told to stop.
GRACE = 30


@click.command()
def main() -> None:
    """Serve PostgREST's RPC protocol. Settings come from PART_LENS_* variables."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    logs.configure(settings.log_level)
    uvicorn.run(
        application(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=GRACE,
    )


if __name__ == "__main__":
    main()
