"""The MASTER database: it says which tenant a person belongs to."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from gateway.database import with_defaults

if TYPE_CHECKING:
    from uuid import UUID

logger = logging.getLogger("gateway.master")

LOOK_UP = "SELECT master.resolve_tenant(%s)"
# Look-ups are rare and take a millisecond: the answers are kept.
POOL_MOST = 4
# Seconds: how long a look-up may take, and how long after a failure none is tried.
PATIENCE = 2.0
PAUSE = 1.0


class MasterAwayError(Exception):
    """MASTER does not answer for now."""


@dataclass(frozen=True, slots=True)
class Residence:
    """The alias of a person's tenant, or else the code that says why there is none."""

    alias: str = ""
    refusal: str = ""


class Master:
    """Asks the MASTER database, and does not wait for one that is known to be away."""

    def __init__(self, url: str) -> None:
        self._away_until = 0.0
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
        await self._pool.close()

    async def residence(self, person: UUID) -> Residence:
        """Ask where a person belongs.

        :raises MasterAwayError: no answer, or a failure less than a second ago.
        """
        if time.monotonic() < self._away_until:
            raise MasterAwayError
        try:
            async with asyncio.timeout(PATIENCE), self._pool.connection() as connection:
                cursor = await connection.execute(LOOK_UP, [person])
                row = await cursor.fetchone()
        except (psycopg.Error, TimeoutError) as error:
            self._away_until = time.monotonic() + PAUSE
            reason = str(error).partition("\n")[0] or type(error).__name__
            logger.warning("master away", extra={"fields": {"reason": reason}})
            raise MasterAwayError from None
        return _read(row[0] if row else None)


def _read(answer: dict[str, Any] | None) -> Residence:
    if answer is None:
        return Residence(refusal="account_unknown")
    if inactive := answer.get("inactive"):
        return Residence(refusal=f"{inactive}_inactive")
    return Residence(alias=answer["tenant_key_alias"])
