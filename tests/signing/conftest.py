"""A server that tells all it may tell, and the ways to call it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from deploy import postgrest as postgrest_tool
from deploy import services
from deploy.background import served
from deploy.cluster import DATABASE, DEPLOYER
from deploy.moulds import migrated
from deploy.process import free_port
from deploy.scratch import QUICK, scratch_cluster
from deploy.server import TOTP_KEY
from tests.fleet import manned
from tests.plain import PLAIN
from tests.signing.spy import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.background import Service
    from deploy.cluster import Cluster
    from deploy.state import Secrets
    from tests.fleet import Fleet

# Whatever PostgreSQL would tell of a call, it is asked to.
TALKATIVE = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server that logs every statement and counts them."""
    with scratch_cluster(migrated(), settings={**QUICK, **TALKATIVE}) as cluster:
        with cluster.connect() as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        yield cluster


@pytest.fixture
def fleet(server: Cluster) -> Iterator[Fleet]:
    with manned(server.url(DEPLOYER, DATABASE)) as found:
        yield found


@pytest.fixture
def key_file(server: Cluster) -> Path:
    """The server's key: the file that the link in the data directory leads to."""
    with server.connect() as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    link = Path(row[0]) / TOTP_KEY
    assert link.is_symlink()
    return link.resolve()


@contextmanager
def _route(
    name: str,
    service: Service,
    secrets: Secrets,
    directory: Path,
    settings: dict[str, str],
) -> Iterator[Route]:
    log = directory / f"{name}.log"
    with (
        served(service.told(**settings), log) as url,
        httpx.Client(base_url=url, trust_env=False, verify=PLAIN, timeout=20) as http,
    ):
        yield Route(name, http, secrets.jwt_secret, log)


@pytest.fixture
def routes(
    server: Cluster, secrets: Secrets, tmp_path: Path
) -> Iterator[dict[str, Route]]:
    """The gateway at DEBUG, straight and in front of a PostgREST, and the latter."""
    url = server.url("authenticator", DATABASE)

    def gateway(postgrest_url: str | None = None) -> Service:
        return services.gateway(
            database_url=url,
            jwt_secret=secrets.jwt_secret,
            port=free_port(),
            postgrest_url=postgrest_url,
        )

    postgrest = postgrest_tool.service(
        database_url=url, jwt_secret=secrets.jwt_secret, port=free_port()
    )
    debug = {"PART_LENS_LOG_LEVEL": "DEBUG"}
    with ExitStack() as stack:
        found = [
            stack.enter_context(_route(name, service, secrets, tmp_path, settings))
            for name, service, settings in (
                ("gateway", gateway(), debug),
                ("postgrest", postgrest, {"PGRST_LOG_LEVEL": "info"}),
                ("forwarding", gateway(postgrest.url), debug),
            )
        ]
        yield {route.name: route for route in found}
