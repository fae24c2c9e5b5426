"""Calls for which no connection is left get one in turn, whatever becomes of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from psycopg_pool import PoolTimeout

from gateway.pipeline import BrokenError, RefusedError
from gateway.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    import psycopg

    from deploy.cluster import Cluster
    from gateway.pipeline import Statement

Play = Callable[[Turns, "psycopg.Connection[Any]"], "Coroutine[Any, Any, None]"]

NAME = "turns"
PROCESS: Statement = (b"SELECT pg_backend_pid()", [])
# Says how many came before it; a call that is never made leaves no gap.
PLACE: Statement = (b"SELECT nextval('place')", [])
# Lasts for as long as the test holds the lock.
BLOCKED: Statement = (b"SELECT pg_advisory_xact_lock(1)", [])
UNKNOWN: Statement = (b"SELECT * FROM nowhere", [])
LONG = 30.0


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's connection to a database of the test alone."""
    cluster.create_database(NAME)
    with cluster.connect(NAME) as connection:
        connection.execute("CREATE SEQUENCE place")
        connection.execute("GRANT USAGE ON SEQUENCE place TO authenticator")
        yield connection
    cluster.drop_database(NAME)


@asynccontextmanager
async def opened(cluster: Cluster, *, size: int = 1) -> AsyncIterator[Turns]:
    turns = Turns(
        cluster.url("authenticator", NAME), size=size, prepare=True, name=NAME
    )
    await turns.open()
    async with asyncio.timeout(LONG):
        yield turns
    await turns.close()


async def ask(
    turns: Turns, *statements: Statement, within: float = LONG
) -> bytes | None:
    return (await turns.transact(statements, within=within)).get_value(0, 0)


@asynccontextmanager
async def blocked(
    turns: Turns, admin: psycopg.Connection[Any], *calls: Coroutine[Any, Any, Any]
) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Calls of BLOCKED, one unless they are given, that run until the block ends."""
    admin.execute("SELECT pg_advisory_lock(1)")
    try:
        running = [asyncio.create_task(call) for call in calls or [ask(turns, BLOCKED)]]
        await until(admin, len(running))
        yield running
    finally:
        admin.execute("SELECT pg_advisory_unlock_all()")


async def until(admin: psycopg.Connection[Any], calls: int) -> None:
    """Wait until so many calls wait for the lock."""
    while True:
        row = admin.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ).fetchone()
        if row == (calls,):
            return
        await asyncio.sleep(0.01)


async def queued(turns: Turns, *statements: Statement) -> asyncio.Task[bytes | None]:
    """A call that waits for its turn."""
    before = turns.pool().waiting
    task = asyncio.create_task(ask(turns, *statements))
    while turns.pool().waiting == before:
        await asyncio.sleep(0)
    return task


async def at_rest(turns: Turns, *, size: int = 1) -> None:
    """Wait until all connections are there and idle, as they must in the end."""
    while (pool := turns.pool()).available < size:
        await asyncio.sleep(0.01)
    assert (pool.size, pool.available, pool.waiting) == (size, size, 0)


def played(*, size: int = 1) -> Callable[[Play], Callable[..., None]]:
    """Make a test of a coroutine function: of so many connections all come back."""

    def make(play: Play) -> Callable[..., None]:
        async def whole(cluster: Cluster, admin: psycopg.Connection[Any]) -> None:
            async with opened(cluster, size=size) as turns:
                await play(turns, admin)
                await at_rest(turns, size=size)

        def test(cluster: Cluster, admin: psycopg.Connection[Any]) -> None:
            asyncio.run(whole(cluster, admin))

        test.__doc__ = play.__doc__
        return test

    return make


@played()
async def test_calls_come_in_the_order_in_which_they_asked(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    """On the same connection, each as soon as the one before it is answered."""
    process = await ask(turns, PROCESS)
    async with blocked(turns, admin) as running:
        waiting = [await queued(turns, PLACE) for _ in range(20)]
        last = await queued(turns, PROCESS)
        assert turns.pool().waiting == 21
    await asyncio.gather(*running)
    places = [int(await task or 0) for task in waiting]
    assert places == list(range(1, 21))
    assert await last == process


@played(size=3)
async def test_several_connections_share_those_who_wait(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    three = [ask(turns, BLOCKED) for _ in range(3)]
    async with blocked(turns, admin, *three) as running:
        waiting = [await queued(turns, PLACE) for _ in range(30)]
    await asyncio.gather(*running)
    places = [int(await task or 0) for task in waiting]
    assert sorted(places) == list(range(1, 31))


@played()
async def test_who_waits_in_vain_is_told_and_nothing_is_done(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    async with blocked(turns, admin) as running:
        with pytest.raises(PoolTimeout):
            await ask(turns, PLACE, within=0.05)
        with pytest.raises(PoolTimeout):
            async with turns.connection(within=0.05):
                pass
        assert turns.pool().waiting == 0
        patient = await queued(turns, PLACE)
    await asyncio.gather(*running)
    assert await patient == b"1"


@played()
async def test_who_goes_away_is_left_out(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    async with blocked(turns, admin) as running:
        gone = await queued(turns, PLACE)
        patient = await queued(turns, PLACE)
        gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await asyncio.gather(*running)
    assert await patient == b"1"


@played()
async def test_who_goes_away_in_the_middle_costs_a_connection_and_no_turn(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    """Its transaction is never taken for the next one's."""
    process = await ask(turns, PROCESS)
    async with blocked(turns, admin) as running:
        patient = await queued(turns, PROCESS)
        running[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await running[0]
        assert await patient not in (process, None)


@played()
async def test_who_goes_away_as_the_turn_comes_costs_no_turn(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    """The call has begun, and nobody is there to take its results."""

    async def first() -> None:
        await ask(turns, BLOCKED)
        # It hears of its end before the next hears of its turn.
        gone.cancel()

    async with blocked(turns, admin, first()) as running:
        gone = await queued(turns, PLACE)
        patient = await queued(turns, PROCESS)
    await asyncio.gather(*running)
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await patient is not None


@played()
async def test_a_broken_connection_is_replaced_for_those_who_wait(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    process = int(await ask(turns, PROCESS) or 0)
    async with blocked(turns, admin) as running:
        waiting = [await queued(turns, PROCESS) for _ in range(3)]
        admin.execute("SELECT pg_terminate_backend(%s)", [process])
        with pytest.raises((BrokenError, RefusedError)):
            await running[0]
        [other] = {int(await task or 0) for task in waiting}
    assert other != process


@played()
async def test_what_was_refused_passes_its_connection_on(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    """And each is refused for its own: nothing counts as prepared that was not."""
    process = await ask(turns, PROCESS)
    async with blocked(turns, admin) as running:
        refused = [await queued(turns, PROCESS, UNKNOWN) for _ in range(3)]
        last = await queued(turns, PROCESS)
    await asyncio.gather(*running)
    for task in refused:
        with pytest.raises(RefusedError) as refusal:
            await task
        assert refusal.value.sqlstate == "42P01"
    assert await last == process


@played()
async def test_a_connection_is_lent_in_turn_and_comes_back_clean(
    turns: Turns, admin: psycopg.Connection[Any]
) -> None:
    """Whoever leaves a transaction open has it rolled back before the next turn."""

    async def borrow(turns: Turns) -> None:
        async with turns.connection(within=LONG) as connection:
            await connection.execute("BEGIN")
            await connection.execute("SELECT set_config('part_lens.kept', 'x', false)")

    async with blocked(turns, admin) as running:
        borrower = asyncio.create_task(borrow(turns))
        await asyncio.sleep(0)
        kept: Statement = (
            b"SELECT current_setting('part_lens.kept', true)",
            [],
        )
        after = await queued(turns, kept)
        assert turns.pool().waiting == 2
    await asyncio.gather(*running, borrower)
    assert await after in (b"", None)
