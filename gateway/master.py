"""The MASTER database: it says which tenant a person belongs to."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from gateway.database import with_defaults
from gateway.tasks import end

logger = logging.getLogger("gateway.master")

LOOK_UP = "SELECT master.resolve_tenant(%s)"
# Look-ups are rare and take a millisecond: the answers are kept.
POOL_MOST = 4
# Seconds: how long a look-up may take, and from one look for its return to the next.
PATIENCE = 2.0
PAUSE = 1.0
# Nobody's account: asking for it shows that MASTER answers.
NOBODY = UUID(int=0)


class MasterAwayError(Exception):
    """MASTER does not answer for now."""


@dataclass(frozen=True, slots=True)
class Residence:
    """The alias of a person's tenant, or else the code that says why there is none."""

    alias: str = ""
    refusal: str = ""


class Master:
    """Asks the MASTER database. Nobody waits for one that is known to be away."""

    def __init__(self, url: str) -> None:
        # Runs while MASTER is away, and waits for it so that no caller has to.
        self._watch: asyncio.Task[None] | None = None
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = (
            AsyncConnectionPool(
                with_defaults(url),
                # No prepared statements: a pooler may stand in between.
                kwargs={"autocommit": True, "prepare_threshold": None},
                min_size=1,
                max_size=POOL_MOST,
                timeout=PATIENCE,
                reconnect_timeout=PAUSE,
                check=AsyncConnectionPool.check_connection,
                open=False,
                name="master",
            )
        )

    async def open(self) -> None:
        """Begin to connect; returns at once."""
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections."""
        await end(self._watch)
        await self._pool.close()

    async def residence(self, person: UUID) -> Residence:
        """Ask where a person belongs.

        :raises MasterAwayError: there is no answer, or is known to be none.
        """
        if self._watch is not None:
            raise MasterAwayError
        try:
            return await self._ask(person)
        except (psycopg.Error, TimeoutError) as error:
            if self._watch is None:
                reason = str(error).partition("\n")[0] or type(error).__name__
                logger.warning("master away", extra={"fields": {"reason": reason}})
                self._watch = asyncio.create_task(self._wait_for_return())
            raise MasterAwayError from None

    async def _ask(self, person: UUID) -> Residence:
        async with asyncio.timeout(PATIENCE), self._pool.connection() as connection:
            cursor = await connection.execute(LOOK_UP, [person])
            row = await cursor.fetchone()
        return _read(row[0] if row else None)

    async def _wait_for_return(self) -> None:
        answered = False
        while not answered:
            await asyncio.sleep(PAUSE)
            with suppress(psycopg.Error, TimeoutError):
                await self._ask(NOBODY)
                answered = True
        logger.info("master back")
        self._watch = None


def _read(answer: dict[str, Any] | None) -> Residence:
    if answer is None:
        return Residence(refusal="account_unknown")
    if inactive := answer.get("inactive"):
        return Residence(refusal=f"{inactive}_inactive")
    return Residence(alias=answer["tenant_key_alias"])
