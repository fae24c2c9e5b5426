"""The end of tasks in the background."""

from __future__ import annotations

import asyncio

AGAIN = 0.1  # seconds


async def end(task: asyncio.Task[None] | None) -> None:
    """Cancel a task, if there is one, and wait for its end.

    Once is not enough: a wait that ends just then swallows its cancellation.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN)
