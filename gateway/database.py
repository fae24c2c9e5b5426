"""Connections to one tenant's database, and what is known of its catalogue."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import PoolTimeout

from gateway import catalogue, metrics
from gateway.errors import ApiError, connection_lost
from gateway.tasks import end
from gateway.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from psycopg.pq.abc import PGresult

    from gateway.catalogue import Catalogue
    from gateway.messages import Pool
    from gateway.pipeline import Connection, Statement
    from gateway.settings import Settings

logger = logging.getLogger("gateway.database")

CHANNEL = "pgrst"
DEBOUNCE = 0.1
RECONNECT_LEAST, RECONNECT_MOST = 0.1, 2.0
# How long a call waits for a connection while the database is known to be away.
PATIENCE = 1.0
# A peer that vanished without a word is noticed within some 15 seconds.
DEFAULTS: dict[str, Any] = {
    "application_name": "part_lens_gateway",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15000,
}


class Database:
    """One tenant's database: a pool, and a listener that keeps the catalogue fresh."""

    def __init__(self, settings: Settings, *, tenant: str = "") -> None:
        self.catalogue: Catalogue | None = None
        self._reachable = False
        # How often it was lost: a call that waited meanwhile waited for that.
        self._losses = 0
        # What its log lines say besides.
        self._tenant = {"tenant": tenant} if tenant else {}
        self._timeout = settings.pool_timeout
        self._listen_url = with_defaults(settings.listen_url)
        self._turns = Turns(
            with_defaults(settings.database_url),
            size=settings.pool_size,
            prepare=settings.prepare,
            # Short, so that no connection sleeps through the database's return: the
            # listener has the pool filled again.
            reconnect_timeout=PATIENCE,
            name=tenant or "database",
        )
        self._listener: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to connect; returns at once."""
        await self._turns.open()
        self._listener = asyncio.create_task(self._listen(), name="listener")

    async def close(self) -> None:
        """Close all connections."""
        await end(self._listener)
        await self._turns.close()

    def pool(self) -> Pool:
        """Tell of the connections that calls use."""
        return self._turns.pool()

    @property
    def ready(self) -> bool:
        """Say whether the database answers and its functions are known."""
        return self._reachable and self.catalogue is not None

    async def transact(self, statements: Sequence[Statement]) -> PGresult:
        """Run the statements as one transaction on a connection of the pool.

        :raises RefusedError: PostgreSQL rolled back.
        :raises BrokenError: the connection broke on the way.
        :raises ApiError: 504 when all connections stay busy, 503 when there are none.
        """
        with self._patience() as patience:
            return await self._turns.transact(statements, within=patience)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection of the pool, outside of a transaction.

        :raises ApiError: as in `transact`.
        """
        with self._patience() as patience:
            async with self._turns.connection(within=patience) as connection:
                yield connection

    @contextmanager
    def _patience(self) -> Iterator[float]:
        """Give the seconds that a call waits for a connection, and say if in vain."""
        reachable, losses = self._reachable, self._losses
        try:
            yield self._timeout if reachable else PATIENCE
        except PoolTimeout:
            metrics.POOL_TIMEOUTS.labels(self._tenant.get("tenant", "")).inc()
            if reachable and losses == self._losses:
                raise ApiError(
                    504,
                    "PGRST003",
                    "Timed out acquiring connection from connection pool.",
                ) from None
            raise connection_lost() from None

    async def _listen(self) -> None:
        delay = RECONNECT_LEAST
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._listen_url, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    await self._reload(connection)
                    self._reachable = True
                    delay = RECONNECT_LEAST
                    await self._turns.check()
                    await self._follow(connection)
            except psycopg.Error as error:
                if self._reachable or delay == RECONNECT_LEAST:
                    reason = str(error).partition("\n")[0]
                    fields = {"reason": reason, **self._tenant}
                    logger.warning("database away", extra={"fields": fields})
            self._losses += self._reachable
            self._reachable = False
            await asyncio.sleep(delay)
            delay = min(delay * 2, RECONNECT_MOST)

    async def _follow(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            heard = [n.payload async for n in connection.notifies(stop_after=1)]
            if not {"", "reload schema"}.isdisjoint(heard):
                # DDL comes in bursts, and each statement of one may notify.
                await asyncio.sleep(DEBOUNCE)
                async for _ in connection.notifies(timeout=0):
                    pass
                await self._reload(connection)

    async def _reload(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.catalogue = await catalogue.load(connection)
        count = sum(map(len, self.catalogue.functions.values()))
        fields = {"functions": count, **self._tenant}
        logger.info("catalogue loaded", extra={"fields": fields})


def with_defaults(url: str) -> str:
    """Complete a connection string with what the gateway wants of any connection."""
    given = conninfo_to_dict(url)
    return make_conninfo("", **{**DEFAULTS, **given})
