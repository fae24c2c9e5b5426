"""Tasks in the background end when they are told to."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from gateway.tasks import end


def test_a_task_that_swallows_its_cancellation_is_told_again() -> None:
    """As a wait with a time limit can, when what it waits for comes just then."""

    async def scenario() -> None:
        async def stubborn() -> None:
            for _ in range(2):
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(3600)
            await asyncio.sleep(3600)

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await asyncio.wait_for(end(task), 10)
        assert task.cancelled()

    asyncio.run(scenario())


def test_there_may_be_no_task_or_one_that_failed() -> None:
    async def fails() -> None:
        raise ValueError("said elsewhere")

    async def scenario() -> None:
        await end(None)
        task = asyncio.create_task(fails())
        await asyncio.sleep(0)
        await end(task)
        assert isinstance(task.exception(), ValueError)

    asyncio.run(scenario())
