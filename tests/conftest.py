"""What all tests share: a cluster of their own, databases, servers, tokens."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy import postgrest as postgrest_tool
from deploy import services
from deploy.background import ServiceError, served
from deploy.cluster import DATABASE
from deploy.moulds import VARIABLE, migrated
from deploy.process import free_port
from deploy.scratch import create_tap, roomy, scratch_cluster
from deploy.state import Secrets
from deploy.tokens import token_for
from tests.order import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.cluster import Cluster
    from deploy.personas import Persona

TESTS = Path(__file__).parent
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A database of the test cluster."""

    cluster: Cluster
    name: str

    def url(self, user: str, *, tcp: bool = False) -> str:
        """Its libpq URL for a login."""
        return self.cluster.url(user, self.name, tcp=tcp)


def pytest_configure(config: pytest.Config) -> None:
    # pytest-pgtap takes DATABASE_URL for its own and prints it, password and all.
    config.option.pgtap_uri = None
    _keep_moulds(config)
    # Where nobody wants bytecode in the tree (a container, say), each of the hundreds
    # of processes that a run starts would compile the sources anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:  # noqa: ARG001 - a hook's
    """One more than there are processors: tests often wait for others."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Spare the thousands of tests the garbage collection: they stay to the end."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: rank(item.path, TESTS))


def _keep_moulds(config: pytest.Config) -> None:
    """Have the clusters of this run copied from a few, which all workers share."""
    if VARIABLE in os.environ:
        return
    moulds = tempfile.mkdtemp(prefix="part-lens-moulds-", dir=roomy())
    # The account that runs PostgreSQL copies from it.
    Path(moulds).chmod(0o711)
    config.add_cleanup(lambda: shutil.rmtree(moulds))
    # Workers and commands inherit it.
    os.environ[VARIABLE] = moulds


@pytest.fixture(scope="session")
def secrets() -> Secrets:
    """The token secret of this run; the cluster has passwords of its own."""
    return Secrets.generate()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throw-away cluster, quick and not durable."""
    with scratch_cluster(migrated()) as running:
        yield running


@pytest.fixture(scope="session")
def migrated_template(cluster: Cluster) -> str:
    """The name of a database that Sqitch has migrated; to be copied, not used."""
    assert cluster.has_database(DATABASE)
    return DATABASE


@pytest.fixture(scope="module")
def database(cluster: Cluster, migrated_template: str) -> Iterator[Database]:
    """A migrated database that a module's tests and servers share."""
    yield from _copied(cluster, migrated_template)


@pytest.fixture
def fresh_database(cluster: Cluster, migrated_template: str) -> Iterator[Database]:
    """A migrated database for one test alone."""
    yield from _copied(cluster, migrated_template)


def _copied(cluster: Cluster, template: str) -> Iterator[Database]:
    name = f"test_{next(_numbers)}"
    cluster.create_database(name, template=template)
    yield Database(cluster, name)
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def pgtap_connection(
    cluster: Cluster, migrated_template: str
) -> Iterator[psycopg.Connection]:
    """The superuser's connection for pgTAP files, to a database that nothing serves."""
    create_tap(cluster, "test_pgtap", template=migrated_template)
    with psycopg.connect(cluster.url("postgres", "test_pgtap")) as connection:
        yield connection


@pytest.fixture(scope="module")
def gateway_settings() -> Mapping[str, str]:
    """What a module wants to be set otherwise in its `gateway`."""
    return {}


@pytest.fixture(scope="module")
def gateway(
    database: Database,
    secrets: Secrets,
    gateway_settings: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The URL of a real gateway, direct route, on the module's database."""
    service = services.gateway(
        database_url=database.url("authenticator"),
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
    )
    service = service.told(**gateway_settings)
    with served(service, tmp_path_factory.mktemp("gateway") / "log") as url:
        yield url


@pytest.fixture(scope="module")
def postgrest(
    database: Database, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a real PostgREST on the module's database."""
    try:
        service = postgrest_tool.service(
            database_url=database.url("authenticator"),
            jwt_secret=secrets.jwt_secret,
            port=free_port(),
        )
    except ServiceError as error:
        # With Node here, the bootstrap should have installed it.
        if shutil.which("npm"):
            raise
        pytest.skip(str(error))
    with served(service, tmp_path_factory.mktemp("postgrest") / "log") as url:
        yield url


@pytest.fixture(scope="module")
def gateway_to_postgrest(
    database: Database,
    secrets: Secrets,
    postgrest: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The URL of a real gateway that forwards to that PostgREST."""
    service = services.gateway(
        database_url=database.url("authenticator"),
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
        postgrest_url=postgrest,
    )
    with served(service, tmp_path_factory.mktemp("gateway") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def token(secrets: Secrets) -> Callable[[Persona], str]:
    """Signs the token of one of `deploy.personas`."""

    def sign(persona: Persona) -> str:
        return token_for(persona, secrets.jwt_secret)

    return sign
