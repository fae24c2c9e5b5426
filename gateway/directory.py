"""What MASTER said of whom, for as long as that may be believed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cachetools import TLRUCache

from gateway.master import MasterAwayError, Residence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

# Seconds: who has just been given an account should not wait for long.
REFUSAL_FRESH = 5.0
PEOPLE_MOST = 100_000


@dataclass(frozen=True, slots=True)
class _Entry:
    residence: Residence
    fresh_until: float
    usable_until: float


class Directory:
    """Answers from memory, and asks `look_up` once however many want to know.

    :param look_up: asks MASTER.
    :param fresh: seconds for which an answer is taken without asking again; a refusal
        at most REFUSAL_FRESH.
    :param stale: seconds beyond those for which a tenant's name is still taken while
        MASTER is away. A refusal is not.
    """

    def __init__(
        self,
        look_up: Callable[[UUID], Awaitable[Residence]],
        *,
        fresh: float,
        stale: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up = look_up
        self._fresh = fresh
        self._stale = stale
        self._clock = clock
        self._known: TLRUCache[UUID, _Entry] = TLRUCache(
            PEOPLE_MOST, ttu=lambda _, entry, __: entry.usable_until, timer=clock
        )
        self._asking: dict[UUID, asyncio.Task[Residence]] = {}

    async def find(self, person: UUID) -> Residence:
        """Say where a person belongs.

        :raises MasterAwayError: MASTER is away, and nothing that it said still counts.
        """
        entry = self._known.get(person)
        if entry is not None and self._clock() < entry.fresh_until:
            return entry.residence
        if (task := self._asking.get(person)) is None:
            task = asyncio.create_task(self._ask(person))
            self._asking[person] = task
            task.add_done_callback(lambda _: self._asking.pop(person))
        try:
            # Shielded: a caller that goes away takes nobody else's answer along.
            return await asyncio.shield(task)
        except MasterAwayError:
            if entry is not None and self._clock() < entry.usable_until:
                return entry.residence
            raise

    async def _ask(self, person: UUID) -> Residence:
        residence = await self._look_up(person)
        now = self._clock()
        if residence.alias:
            fresh, stale = self._fresh, self._stale
        else:
            fresh, stale = min(self._fresh, REFUSAL_FRESH), 0.0
        self._known[person] = _Entry(residence, now + fresh, now + fresh + stale)
        return residence

    def __len__(self) -> int:
        """Count the people that are known."""
        return len(self._known)
