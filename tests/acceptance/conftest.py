"""The three servers, each a process on one real database."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from deploy import postgrest as postgrest_tool
from deploy import services
from deploy.background import Service, ServiceError, served
from deploy.cluster import DEPLOYER
from deploy.process import free_port
from deploy.tokens import mint
from tests.acceptance.scene import Scene, set_scene
from tests.fleet import Fleet, as_json, manned
from tests.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from deploy.cluster import Cluster
    from deploy.state import Secrets

DATABASE = "test_acceptance"
FORWARDING = "gateway to postgrest"
SERVERS = ("gateway", FORWARDING, "postgrest")


@dataclass(frozen=True)
class Api:
    """A server under test."""

    name: str
    http: httpx.Client = field(repr=False)
    secret: str = field(repr=False)

    def token(self, user_id: UUID | None, **more: Any) -> str:
        return mint(self.secret, user_id=user_id, **more)

    def post(
        self,
        function: str,
        arguments: Mapping[str, Any],
        person: UUID | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Call as a person, or as nobody; header names with `_` for `-`."""
        return self.http.post(
            f"/rpc/{function}",
            content=as_json(arguments),
            headers={"content-type": "application/json"}
            | self._headers(person, headers),
        )

    def get(
        self,
        function: str,
        arguments: Mapping[str, Any],
        person: UUID | None = None,
        **headers: str,
    ) -> httpx.Response:
        return self.http.get(
            f"/rpc/{function}",
            params={name: str(value) for name, value in arguments.items()},
            headers=self._headers(person, headers),
        )

    def _headers(
        self, person: UUID | None, headers: Mapping[str, str]
    ) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if person is not None:
            named["authorization"] = f"Bearer {self.token(person)}"
        return named


@pytest.fixture(scope="package")
def database_urls(cluster: Cluster, migrated_template: str) -> Iterator[dict[str, str]]:
    """URLs of the suite's database by login; it lasts as long as its servers."""
    cluster.create_database(DATABASE, template=migrated_template)
    yield {login: cluster.url(login, DATABASE) for login in (DEPLOYER, "authenticator")}
    cluster.drop_database(DATABASE)


@pytest.fixture(scope="package")
def fleet(database_urls: dict[str, str]) -> Iterator[Fleet]:
    with manned(database_urls[DEPLOYER]) as found:
        yield found


@contextmanager
def _running(
    name: str, service: Service, secret: str, log: pytest.TempPathFactory
) -> Iterator[Api]:
    with (
        served(service, log.mktemp("server") / "log") as url,
        httpx.Client(base_url=url, trust_env=False, verify=PLAIN, timeout=20) as http,
    ):
        yield Api(name, http, secret)


@pytest.fixture(scope="package")
def postgrest_api(
    database_urls: dict[str, str],
    secrets: Secrets,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """A real PostgREST."""
    try:
        service = postgrest_tool.service(
            database_url=database_urls["authenticator"],
            jwt_secret=secrets.jwt_secret,
            port=free_port(),
        )
    except ServiceError as error:
        # With Node here, the bootstrap should have installed it.
        if shutil.which("npm"):
            raise
        pytest.skip(str(error))
    with _running(
        "postgrest", service, secrets.jwt_secret, tmp_path_factory
    ) as running:
        yield running


@pytest.fixture(scope="package")
def gateway_api(
    database_urls: dict[str, str],
    secrets: Secrets,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """A real gateway, direct route."""
    service = services.gateway(
        database_url=database_urls["authenticator"],
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
    )
    with _running("gateway", service, secrets.jwt_secret, tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="package")
def forwarding_api(
    database_urls: dict[str, str],
    secrets: Secrets,
    postgrest_api: Api,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """A real gateway that forwards to the PostgREST."""
    service = services.gateway(
        database_url=database_urls["authenticator"],
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
        postgrest_url=str(postgrest_api.http.base_url).rstrip("/"),
    )
    with _running(FORWARDING, service, secrets.jwt_secret, tmp_path_factory) as running:
        yield running


FIXTURES = dict(
    zip(SERVERS, ("gateway_api", "forwarding_api", "postgrest_api"), strict=True)
)


@pytest.fixture(scope="package", params=SERVERS)
def api(request: pytest.FixtureRequest) -> Api:
    """Each server in turn."""
    found: Api = request.getfixturevalue(FIXTURES[request.param])
    return found


@pytest.fixture(scope="package", params=[s for s in SERVERS if s != FORWARDING])
def calling_api(request: pytest.FixtureRequest) -> Api:
    """Each server that calls the database itself.

    For what is one and the same function's doing in a great many cases: that the other
    one hands on what it is told is tested by itself (test_same_answers).
    """
    found: Api = request.getfixturevalue(FIXTURES[request.param])
    return found


@pytest.fixture
def scene(fleet: Fleet) -> Scene:
    """A scene of the test's own."""
    with fleet.connection.transaction(), fleet.connection.pipeline():
        return set_scene(fleet)
