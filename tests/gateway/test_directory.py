"""How long what MASTER said is believed, and who is served when something is away.

MASTER itself is tried in tests/isolation; here it is a dictionary, to set its clock.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pytest

from gateway.directory import REFUSAL_FRESH, Directory
from gateway.master import MasterAwayError, Residence
from gateway.tenants import SETTLING, ManyTenants, Readiness

if TYPE_CHECKING:
    from gateway.master import Master
    from gateway.messages import Route

WREN = UUID(int=1)
AUK = UUID(int=2)
NORTH, SOUTH = Residence("NORTH"), Residence("SOUTH")
LEFT = Residence(refusal="account_inactive")


@dataclass
class Book:
    """What MASTER would say, and how often it was asked."""

    residences: dict[UUID, Residence]
    away: bool = False
    asked: list[UUID] = field(default_factory=list)
    now: float = 1000.0

    async def look_up(self, person: UUID) -> Residence:
        self.asked.append(person)
        await asyncio.sleep(0)
        if self.away:
            raise MasterAwayError
        return self.residences.get(person, Residence(refusal="account_unknown"))

    def directory(self) -> Directory:
        """Believes an answer for 60 seconds, and another 100 while MASTER is away."""
        return Directory(self.look_up, fresh=60, stale=100, clock=lambda: self.now)


def test_answer_is_asked_for_again_when_its_time_is_over() -> None:
    async def scenario() -> None:
        book = Book({WREN: NORTH})
        directory = book.directory()
        assert await directory.find(WREN) == NORTH
        book.residences[WREN] = SOUTH
        book.now += 59.9
        assert await directory.find(WREN) == NORTH
        assert book.asked == [WREN]
        book.now += 0.2
        assert await directory.find(WREN) == SOUTH
        assert book.asked == [WREN, WREN]

    asyncio.run(scenario())


def test_refusal_is_asked_for_again_soon() -> None:
    async def scenario() -> None:
        book = Book({WREN: LEFT})
        directory = book.directory()
        assert await directory.find(WREN) == LEFT
        book.residences[WREN] = NORTH
        book.now += REFUSAL_FRESH - 0.1
        assert await directory.find(WREN) == LEFT
        book.now += 0.2
        assert await directory.find(WREN) == NORTH

    asyncio.run(scenario())


def test_known_person_goes_on_while_master_is_away_but_not_for_ever() -> None:
    async def scenario() -> None:
        book = Book({WREN: NORTH, AUK: LEFT})
        directory = book.directory()
        await directory.find(WREN)
        await directory.find(AUK)
        book.away = True
        book.now += 159.9
        assert await directory.find(WREN) == NORTH
        with pytest.raises(MasterAwayError):
            await directory.find(AUK)
        book.now += 0.2
        with pytest.raises(MasterAwayError):
            await directory.find(WREN)
        assert len(directory) == 0

    asyncio.run(scenario())


def test_moved_person_is_followed_once_master_is_back() -> None:
    async def scenario() -> None:
        book = Book({WREN: NORTH})
        directory = book.directory()
        await directory.find(WREN)
        book.away, book.now = True, book.now + 61
        assert await directory.find(WREN) == NORTH
        book.away, book.residences[WREN] = False, LEFT
        assert await directory.find(WREN) == LEFT

    asyncio.run(scenario())


def test_burst_asks_once_and_a_caller_that_leaves_takes_nobody_along() -> None:
    async def scenario() -> None:
        book = Book({WREN: NORTH})
        directory = book.directory()
        calls = [asyncio.create_task(directory.find(WREN)) for _ in range(10)]
        await asyncio.sleep(0)
        calls[0].cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert answers[1:] == [NORTH] * 9
        assert book.asked == [WREN]

    asyncio.run(scenario())


def test_failure_is_every_callers_and_is_not_kept() -> None:
    async def scenario() -> None:
        book = Book({WREN: NORTH}, away=True)
        directory = book.directory()
        answers = await asyncio.gather(
            *(directory.find(WREN) for _ in range(3)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [MasterAwayError] * 3
        assert book.asked == [WREN]
        book.away = False
        assert await directory.find(WREN) == NORTH

    asyncio.run(scenario())


class Door:
    """A route that says whether it is open, and nothing else."""

    def __init__(self, *, ready: bool = True) -> None:
        self.is_ready = ready

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ready(self) -> bool:
        return self.is_ready


async def readiness(
    north: bool, south: bool, *, master: bool = True, known: bool = False
) -> tuple[Readiness, Readiness]:
    """What is said while the gateway starts, and later."""
    book = Book({WREN: NORTH})
    directory = book.directory()
    if known:
        await directory.find(WREN)
    book.away = not master
    doors: dict[str, Any] = {"NORTH": Door(ready=north), "SOUTH": Door(ready=south)}
    tenants = ManyTenants(
        cast("dict[str, Route]", doors),
        cast("Master", Door()),
        directory,
        clock=lambda: book.now,
    )
    await tenants.open()
    first = await tenants.ready()
    book.now += SETTLING
    return first, await tenants.ready()


@pytest.mark.parametrize(
    ("north", "south", "more", "healthy"),
    [
        (True, True, {}, (True, True)),
        # Its people wait in vain, the others do not.
        (True, False, {}, (False, True)),
        (False, False, {}, (False, False)),
        (True, True, {"master": False}, (False, False)),
        # Those who are known can still be served.
        (True, True, {"master": False, "known": True}, (False, True)),
        (False, False, {"known": True}, (False, False)),
    ],
)
def test_gateway_is_healthy_as_long_as_it_serves_anybody(
    north: bool, south: bool, more: dict[str, bool], healthy: tuple[bool, bool]
) -> None:
    """At the start it waits for all."""
    both = asyncio.run(readiness(north, south, **more))
    assert tuple(found.healthy for found in both) == healthy
    away = [name for name, up in (("NORTH", north), ("SOUTH", south)) if not up]
    assert [found.not_ready for found in both] == [tuple(away)] * 2
    assert [found.master for found in both] == [more.get("master", True)] * 2
