"""Calls that are made at once, straight to the database and through each server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from psycopg_pool import ConnectionPool

from deploy.cluster import DEPLOYER
from tests.concurrency.together import CONNECTIONS
from tests.fleet import Answer, Desk, Fleet, Wire, manned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future
    from uuid import UUID

    from deploy.state import Secrets
    from tests.conftest import Database
    from tests.fleet import Caller

PATIENCE = 20.0


@dataclass(frozen=True)
class Desks:
    """Calls on connections of a pool."""

    pool: ConnectionPool

    def __call__(self, person: UUID, function: str, /, **arguments: Any) -> Answer:
        with self.pool.connection() as connection:
            return Desk(connection)(person, function, **arguments)


@pytest.fixture(scope="module")
def fleet(database: Database) -> Iterator[Fleet]:
    with manned(database.url(DEPLOYER)) as found:
        yield found


@pytest.fixture(scope="module")
def gateway_settings() -> Mapping[str, str]:
    """As many connections as the other ways have."""
    return {"PART_LENS_POOL_SIZE": str(CONNECTIONS)}


@pytest.fixture(scope="module", params=["connections", "gateway", "postgrest"])
def call(
    request: pytest.FixtureRequest, database: Database, secrets: Secrets
) -> Iterator[Caller]:
    """A way to call that many threads may take at once."""
    if request.param == "connections":
        with ConnectionPool(
            database.url("authenticator"),
            min_size=CONNECTIONS,
            kwargs={"autocommit": True},
            open=True,
        ) as pool:
            pool.wait()
            yield Desks(pool)
        return
    with httpx.Client(
        base_url=request.getfixturevalue(request.param),
        trust_env=False,
        timeout=PATIENCE,
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
    ) as http:
        yield Wire(http, secrets.jwt_secret)


@dataclass(frozen=True)
class Hold:
    """A transaction that others are made to wait for.

    So that calls meet where they should, and not only when they happen to.
    """

    connection: psycopg.Connection
    fleet: Fleet
    pool: ThreadPoolExecutor

    def start(self, *calls: Callable[[], Answer]) -> list[Future[Answer]]:
        """Begin calls, and return when as many more wait for locks."""
        waiting = self._waiting()
        begun = [self.pool.submit(call) for call in calls]
        deadline = time.monotonic() + PATIENCE
        while self._waiting() < waiting + len(calls):
            assert time.monotonic() < deadline, "the calls do not wait"
            assert not any(call.done() for call in begun), "a call did not wait"
            time.sleep(0.002)
        return begun

    def _waiting(self) -> int:
        found = self.fleet.rows(
            "SELECT count(DISTINCT l.pid) AS pids FROM pg_catalog.pg_locks AS l"
            " WHERE NOT l.granted"
        )
        pids: int = found[0]["pids"]
        return pids


@pytest.fixture
def hold(database: Database, fleet: Fleet) -> Callable[[], Any]:
    """Opens a transaction of the deployer for the length of a block."""

    @contextmanager
    def opened() -> Iterator[Hold]:
        with (
            ThreadPoolExecutor(16) as pool,
            psycopg.connect(database.url(DEPLOYER)) as connection,
        ):
            yield Hold(connection, fleet, pool)

    return opened
