"""Which files of tests begin first: what takes long must not be what ends last."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# As paths in tests/, a directory for all in it. The first three wait for no cluster
# that another of them makes. Those of acceptance stay together, lest a worker start
# their servers twice. What waits more than it works (for servers that are away, for a
# ramp) runs beside what works.
FIRST = (
    "acceptance/test_refusals.py",
    "test_migrations.py",
    "test_newer_server.py",
    "isolation/test_tenants.py",
    "acceptance/test_fuzz.py",
    "acceptance",
    "storage/test_upstream.py",
    "test_parity.py",
    "evidence",
    "canary/test_ramp.py",
    "test_migration_draft.py",
    "test_sqitch.py",
    "gateway/test_outages.py",
    "test_adopt.py",
    "test_bench.py",
    "gateway/test_upstream.py",
    "mutations",
    "storage",
    "isolation",
    "reliability",
    "signing",
    "gateway",
    "canary",
    "model",
    "test_demo.py",
)


@cache
def rank(path: Path, tests: Path) -> int:
    """The place in the order of a file under the directory `tests`."""
    within = path.relative_to(tests)
    for place, first in enumerate(FIRST):
        if within.is_relative_to(first):
            return place
    return len(FIRST)
