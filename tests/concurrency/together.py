"""Calls in threads that start together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fleet import Answer

# What each way to the database has at once: as many as a PostgREST has by default.
CONNECTIONS = 10


def at_once(
    calls: Sequence[Callable[[], Answer]], *, workers: int | None = None
) -> list[Answer]:
    """Make the calls in threads that start together; their answers in order."""
    number = workers or len(calls)
    start = threading.Barrier(number)
    with ThreadPoolExecutor(number, initializer=start.wait) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]
