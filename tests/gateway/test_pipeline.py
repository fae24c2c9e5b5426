"""A connection is watched for as long as it lives, and whoever else waits on it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from gateway.pipeline import BrokenError, Connection, RefusedError

if TYPE_CHECKING:
    from deploy.cluster import Cluster

ASKED = b"SELECT $1::text"


async def connect(cluster: Cluster) -> Connection:
    return await Connection.connect(
        cluster.url("authenticator", "postgres"),
        autocommit=True,
        prepare_threshold=None,
    )


async def echo(connection: Connection, text: bytes) -> bytes | None:
    async with asyncio.timeout(10):
        result = await connection.begin([(ASKED, [text])], prepare=True).result()
    return result.get_value(0, 0)


def test_psycopg_may_use_a_connection_in_between(cluster: Cluster) -> None:
    """It watches the socket in its own way, and forgets it when it is done."""

    async def run() -> None:
        async with await connect(cluster) as connection:
            assert await echo(connection, b"one") == b"one"
            cursor = await connection.execute("SELECT 'two'")
            assert await cursor.fetchone() == ("two",)
            assert await echo(connection, b"three") == b"three"

    asyncio.run(run())


def test_an_answer_larger_than_a_buffer_comes_whole(cluster: Cluster) -> None:
    """Neither side can take it at once: it is written and read in pieces."""
    text = b"x" * 20_000_000

    async def run() -> None:
        async with await connect(cluster) as connection:
            assert await echo(connection, text) == text
            assert await echo(connection, b"next") == b"next"

    asyncio.run(run())


@pytest.mark.parametrize("used", [False, True])
def test_an_idle_connection_that_was_ended_is_not_alive(
    cluster: Cluster, used: bool
) -> None:
    """Whether the loop tells of it, or has never been asked to."""

    async def run() -> None:
        connection = await connect(cluster)
        if used:
            await echo(connection, b"one")
        assert connection.is_alive()
        _end(cluster, connection)
        async with asyncio.timeout(10):
            while connection.is_alive():
                await asyncio.sleep(0.01)
        await connection.close()

    asyncio.run(run())


def test_a_descriptor_that_is_used_again_is_watched_again(cluster: Cluster) -> None:
    """The next connection gets the number of the one that broke in a call."""

    async def run() -> None:
        first = await connect(cluster)
        await echo(first, b"one")
        descriptor = first.fileno()
        call = asyncio.create_task(
            first.begin([(b"SELECT pg_sleep(60)", [])], prepare=True).result()
        )
        await asyncio.sleep(0)
        _end(cluster, first)
        with pytest.raises((BrokenError, RefusedError)):
            await call
        await first.close()
        async with AsyncExitStack() as stack:
            number = -1
            # The least number that is free is taken first.
            while number != descriptor:
                second = await stack.enter_async_context(await connect(cluster))
                number = second.fileno()
            assert await echo(second, b"two") == b"two"

    asyncio.run(run())


def _end(cluster: Cluster, connection: Connection) -> None:
    with cluster.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
