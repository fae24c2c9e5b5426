"""`python -m gateway`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import os
from tempfile import TemporaryDirectory

import click
import uvicorn

from gateway.settings import Settings, SettingsError
from gateway.sharing import DEALT
from gateway.wire import Protocol

# Seconds that calls under way get to finish when the gateway is told to stop.
GRACE = 30


@click.command()
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that serve; each has a pool of PART_LENS_POOL_SIZE of its own.",
)
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Look at the configuration and the databases, a line each, and stop.",
)
def main(*, workers: int, only_check: bool) -> None:
    """Serve PostgREST's RPC protocol. Settings come from PART_LENS_* variables.

    Stops on SIGTERM or SIGINT when the calls under way are answered.
    """
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    if only_check:
        _check(settings)
    elif workers == 1:
        _serve(settings, workers)
    else:
        # Before prometheus_client is imported, here or in a worker.
        with TemporaryDirectory(prefix="part-lens-metrics-") as folder:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            _serve(settings, workers)


def _check(settings: Settings) -> None:
    from gateway.check import check

    failed = False
    for finding in asyncio.run(check(settings)):
        failed = failed or not finding.good
        click.echo(f"{'ok  ' if finding.good else 'FAIL'}  {finding.text}")
    if failed:
        raise click.exceptions.Exit(1)


def _serve(settings: Settings, workers: int) -> None:
    if settings.storage_url:
        from gateway.storage import try_store

        if unusable := try_store(settings, writing=False):
            raise click.ClickException(unusable)
    if settings.metrics_port:
        from gateway.metrics import serve_privately

        try:
            serve_privately(settings.metrics_port)
        except OSError as error:
            raise click.ClickException(
                f"PART_LENS_METRICS_PORT={settings.metrics_port}: {error.strerror}"
            ) from None
    uvicorn.run(
        "gateway.assembly:from_environment",
        factory=True,
        workers=workers,
        host=settings.host,
        port=settings.port,
        loop="gateway.sharing:Loop" if workers > 1 and DEALT else "uvloop",
        http=Protocol,
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
