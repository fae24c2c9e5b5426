"""Start the gateway and PostgREST of this installation in the background."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

import click

from deploy import postgrest
from deploy.background import Service, ServiceError, running, start
from deploy.cluster import start_embedded
from deploy.server import ServerError
from deploy.state import ROOT, State, StateError

ROUTES = ("direct", "postgrest")


def gateway(
    *,
    database_url: str,
    jwt_secret: str,
    port: int,
    postgrest_url: str | None = None,
    storage_url: str | None = None,
    storage_secret: str | None = None,
) -> Service:
    """The gateway for a database, as the login authenticator, on a loopback port.

    It calls the database itself, or the PostgREST at `postgrest_url` if there is one.
    Storage's bytes are kept at `storage_url` (fsspec's), if that is given.
    """
    environment = {
        "PART_LENS_DATABASE_URL": database_url,
        "PART_LENS_JWT_SECRET": jwt_secret,
        "PART_LENS_HOST": "127.0.0.1",
        "PART_LENS_PORT": str(port),
        "PART_LENS_ROUTE": "postgrest" if postgrest_url else "direct",
    }
    if postgrest_url:
        environment["PART_LENS_POSTGREST_URL"] = postgrest_url
    if storage_url:
        environment["PART_LENS_STORAGE_URL"] = storage_url
    if storage_secret:
        environment["PART_LENS_STORAGE_SECRET"] = storage_secret
    return Service(
        name="gateway",
        argv=(sys.executable, "-m", "gateway"),
        environment=environment,
        port=port,
        ready_url=f"http://127.0.0.1:{port}/ready",
        code=(ROOT / "gateway",),
        setting="GATEWAY_PORT",
    )


def start_postgrest(state: State) -> str:
    """Have PostgREST run on the embedded database; its URL."""
    cluster = start_embedded(state)
    port = _port("POSTGREST_PORT", 3001)
    known = running("postgrest", state)
    service = postgrest.service(
        database_url=cluster.url("authenticator"),
        jwt_secret=state.secrets().jwt_secret,
        port=port,
        # Chosen once, or a second start would see another configuration.
        admin_port=urlsplit(known.ready_url).port if known else None,
    )
    start(service, state)
    return service.url


def start_gateway(state: State, *, route: str) -> str:
    """Have the gateway run on the embedded database; its URL."""
    cluster = start_embedded(state)
    service = gateway(
        database_url=cluster.url("authenticator"),
        jwt_secret=state.secrets().jwt_secret,
        port=_port("GATEWAY_PORT", 3000),
        postgrest_url=start_postgrest(state) if route == "postgrest" else None,
        storage_url=state.storage.as_uri(),
        storage_secret=state.storage_secret(),
    )
    start(service, state)
    return service.url


def _port(variable: str, default: int) -> int:
    given = os.environ.get(variable) or str(default)
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise ServiceError(f"{variable}={given} is not a port")
    return int(given)


@click.command()
@click.argument("name", type=click.Choice(["gateway", "postgrest"]))
@click.option("--route", type=click.Choice(ROUTES), default="direct")
def main(name: str, route: str) -> None:
    """Start the gateway (which ROUTE to the database it takes), or PostgREST alone."""
    state = State.current()
    try:
        if name == "postgrest":
            click.echo(f"PostgREST answers on {start_postgrest(state)}")
        else:
            url = start_gateway(state, route=route)
            click.echo(f"The gateway answers on {url}, route {route}")
    except (ServerError, ServiceError, StateError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
