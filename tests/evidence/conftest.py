"""Installations to take evidence of, and the command that does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from deploy import services
from deploy.background import served
from deploy.cluster import DEPLOYER
from deploy.process import free_port
from evidence.collector.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deploy.state import Secrets
    from tests.conftest import Database

STORAGE_SECRET = "signs the URLs of these tests and nothing else at all"  # noqa: S105 - ours


@dataclass(frozen=True)
class Taken:
    """A bundle, and how the command that wrote it ended."""

    code: int
    output: str
    directory: Path

    def __getitem__(self, name: str) -> Any:
        """The content of a file."""
        return json.loads((self.directory / f"{name}.json").read_text(encoding="utf-8"))

    @property
    def failed(self) -> list[str]:
        """The claims that do not hold, as the summary names them."""
        failed: list[str] = self["acceptance_summary"]["evidence"]["failed"]
        return failed


@dataclass(frozen=True)
class Live:
    """A gateway with storage on a database of its own."""

    database: Database
    url: str
    secret: str = field(repr=False)

    def take(self, directory: Path, *options: str, **more: str) -> Taken:
        """Run the command, with more in its environment."""
        environment = {
            **dict.fromkeys(("TENANT", "MASTER_DATABASE_URL"), ""),
            "PART_LENS_URL": self.url,
            "DATABASE_URL": self.database.url(DEPLOYER),
            "JWT_SECRET": self.secret,
            **more,
        }
        ended = CliRunner().invoke(
            main, ["--output", str(directory), *options], env=environment
        )
        return Taken(ended.exit_code, ended.output, directory)


def _live(
    database: Database, secrets: Secrets, directory: Path, **more: str
) -> Iterator[Live]:
    service = services.gateway(
        database_url=database.url("authenticator"),
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
        storage_url=(directory / "bytes").as_uri(),
        storage_secret=STORAGE_SECRET,
    )
    with served(service.told(**more), directory / "log") as url:
        yield Live(database, url, secrets.jwt_secret)


@pytest.fixture(scope="module")
def live(
    database: Database, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """An installation as it should be."""
    yield from _live(database, secrets, tmp_path_factory.mktemp("live"))


@pytest.fixture
def bare(database: Database, secrets: Secrets, tmp_path: Path) -> Iterator[Live]:
    """An installation without storage."""
    service = services.gateway(
        database_url=database.url("authenticator"),
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
    )
    with served(service, tmp_path / "log") as url:
        yield Live(database, url, secrets.jwt_secret)


@pytest.fixture
def patient(
    fresh_database: Database, secrets: Secrets, tmp_path: Path
) -> Iterator[Live]:
    """An installation that a test may break."""
    yield from _live(fresh_database, secrets, tmp_path)


@pytest.fixture
def shared(
    fresh_database: Database, secrets: Secrets, tmp_path: Path
) -> Iterator[Live]:
    """A gateway of several tenants; the database is MASTER and one tenant's."""
    with fresh_database.cluster.connect(fresh_database.name) as connection:
        connection.execute(
            "INSERT INTO master.tenants (tenant_key_alias, name)"
            " VALUES ('NORTH', 'North Sea Charter')"
        )
    yield from _live(
        fresh_database,
        secrets,
        tmp_path,
        PART_LENS_MASTER_DATABASE_URL=fresh_database.url("master_resolver"),
        TENANT_NORTH_DATABASE_URL=fresh_database.url("authenticator"),
    )
