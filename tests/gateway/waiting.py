"""Waiting for a condition instead of a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.cluster import Cluster


def eventually(fact: Callable[[], object], *, within: float = 15) -> None:
    """Wait until the fact holds."""
    deadline = time.monotonic() + within
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def sleeping(cluster: Cluster) -> bool:
    """Say whether a call is in the middle of its sleep."""
    with cluster.connect() as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        )
        return found.fetchone() is not None
