"""Servers on a cluster of their own, whose functions show the protocol."""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from deploy import postgrest as postgrest_tool
from deploy import services
from deploy.background import ServiceError, served
from deploy.process import free_port
from deploy.scratch import scratch_cluster
from tests.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.cluster import Cluster

SECRET = "the protocol's tests sign with this and nothing else does"  # noqa: S105 - ours
DATABASE = "protocol"
ROLES = """
CREATE ROLE anon NOLOGIN;
CREATE ROLE authenticated NOLOGIN;
CREATE ROLE service_role NOLOGIN;
ALTER ROLE service_role SET statement_timeout = '7s';
GRANT anon, authenticated, service_role TO authenticator;
"""


def sign(*, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """Sign a token that is good for a minute, unless the claims say otherwise."""
    good = {"role": "authenticated", "exp": int(time.time()) + 60}
    given = {**good, **claims}
    kept = {name: value for name, value in given.items() if value is not ...}
    return jwt.encode(kept, secret, algorithm=algorithm)


@dataclass(frozen=True)
class Api:
    """A server that speaks the protocol, and what it logged."""

    url: str
    log: Path
    client: httpx.Client = field(repr=False)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, arguments: Any = None, **more: Any) -> httpx.Response:
        """Call with JSON arguments."""
        return self.send("POST", path, json=arguments or {}, **more)

    def send(
        self, method: str, path: str, *, token: str | None = "", **more: Any
    ) -> httpx.Response:
        """Send a request as a person; with `token=None` as nobody."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["authorization"] = f"Bearer {token or sign()}"
        return self.client.request(method, self.url + path, headers=headers, **more)

    def logged(self, message: str) -> list[dict[str, Any]]:
        """The log's records with this message."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{")]
        return [record for record in records if record["message"] == message]

    def workers(self) -> list[int]:
        """The ids of all processes that ever began to serve."""
        started = re.compile(r"Started server process \[(\d+)\]")
        return [int(pid) for pid in started.findall(self.log.read_text("utf-8"))]


@pytest.fixture(scope="session")
def protocol_cluster() -> Iterator[Cluster]:
    """A cluster that tests of outages may kill."""
    with scratch_cluster() as cluster:
        with cluster.connect() as connection:
            connection.execute(ROLES)
        cluster.create_database(DATABASE)
        functions = Path(__file__).with_name("functions.sql")
        with cluster.connect(DATABASE) as connection:
            connection.execute(functions.read_bytes())
        yield cluster


@pytest.fixture(scope="session")
def database_url(protocol_cluster: Cluster) -> str:
    """What a gateway of these tests connects to."""
    return protocol_cluster.url("authenticator", DATABASE)


@pytest.fixture(scope="session")
def serve(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Any]:
    """Builds a context manager that runs a gateway with PART_LENS_* settings."""

    class Running:
        def __init__(
            self,
            *,
            postgrest_url: str | None = None,
            workers: int = 1,
            **settings: str,
        ) -> None:
            base = services.gateway(
                database_url=database_url,
                jwt_secret=SECRET,
                port=free_port(),
                postgrest_url=postgrest_url,
            )
            # The database is everybody's: who looks at reports says so.
            settings.setdefault("WINDOW_SECONDS", "0")
            more = {f"PART_LENS_{name}": text for name, text in settings.items()}
            self.service = base.told("--workers", str(workers), **more)
            self.log = tmp_path_factory.mktemp("gateway") / "log"

        def __enter__(self) -> Api:
            self._served = served(self.service, self.log)
            self._client = httpx.Client(timeout=30, verify=PLAIN)
            return Api(self._served.__enter__(), self.log, self._client)

        def __exit__(self, *failure: Any) -> None:
            self._client.close()
            self._served.__exit__(*failure)

    return Running


@pytest.fixture(scope="session")
def direct(serve: Callable[..., Any]) -> Iterator[Api]:
    """A gateway on the direct route."""
    with serve() as api:
        yield api


@pytest.fixture(scope="session")
def reference(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """A real PostgREST on the same functions."""
    try:
        service = postgrest_tool.service(
            database_url=database_url, jwt_secret=SECRET, port=free_port()
        )
    except ServiceError as error:
        if shutil.which("npm"):
            raise
        pytest.skip(str(error))
    log = tmp_path_factory.mktemp("postgrest") / "log"
    with served(service, log) as url, httpx.Client(timeout=30, verify=PLAIN) as client:
        yield Api(url, log, client)


@pytest.fixture(scope="session")
def forwarding(serve: Callable[..., Any], reference: Api) -> Iterator[Api]:
    """A gateway that forwards to that PostgREST."""
    with serve(postgrest_url=reference.url) as api:
        yield api
