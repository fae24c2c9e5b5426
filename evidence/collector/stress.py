"""The claim on load: many calls at once are all answered, and the stock is right."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import TYPE_CHECKING, Any

import httpx

from evidence.collector.claims import Claim, Finding
from evidence.collector.ground import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evidence.collector.ground import Ground

# Milliseconds; the last class is open.
BOUNDS = (2, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000)
SLOTS = 20


def stress(ground: Ground) -> Finding:
    """As many calls as asked for, by so many at once, on one part each."""
    before = ground.calls
    parts = [ground.part(f"Stressed {n}", before) for n in range(ground.workers)]
    headers = {"Content-Type": "application/json", **ground.headers("crew")}
    shares = [
        ground.calls // ground.workers + (n < ground.calls % ground.workers)
        for n in range(ground.workers)
    ]
    start = Barrier(ground.workers)
    with ThreadPoolExecutor(ground.workers) as pool:
        runs = pool.map(
            lambda job: _worker(ground, headers, *job, start=start),
            zip(parts, shares, strict=True),
        )
        calls = [call for run in runs for call in run]
    began = min(end - spent / 1000 for end, spent, _ in calls)
    seconds = max(end for end, _, _ in calls) - began
    statuses = Counter(str(status) for _, _, status in calls)
    left = ground.rows(
        "SELECT sum(s.on_hand)::bigint AS on_hand FROM public.pms_part_stock AS s"
        " WHERE s.yacht_id = %s AND s.part_id = ANY (%s::uuid[])",
        [ground.yacht_id, parts],
    )[0]["on_hand"]
    expected = before * ground.workers - statuses["200"]
    return Finding(
        set(statuses) == {"200"} and left == expected,
        {
            "function": "consume_part",
            "calls": len(calls),
            "workers": ground.workers,
            "statuses": dict(statuses),
            "on_hand": {"expected": expected, "found": left},
            "seconds": round(seconds, 3),
            "calls_per_second": round(len(calls) / seconds, 1),
            "latency_ms": _latency([spent for _, spent, _ in calls]),
            "histogram": _histogram([spent for _, spent, _ in calls]),
            "over_time": _over_time([end - began for end, _, _ in calls], seconds),
        },
    )


def _worker(
    ground: Ground, headers: dict[str, str], part: str, share: int, *, start: Barrier
) -> list[tuple[float, float, int]]:
    """When each call ended (seconds), how long it took (ms), its status."""
    done = []
    with httpx.Client(base_url=ground.url, timeout=30, trust_env=False) as http:
        # Not before all are there.
        start.wait()
        for _ in range(share):
            body = json.dumps(
                {
                    "p_yacht_id": str(ground.yacht_id),
                    "p_part_id": part,
                    "p_quantity": 1,
                    "p_idempotency_key": key(),
                }
            )
            sent = time.perf_counter()
            status = http.post(
                "/rpc/consume_part", content=body, headers=headers
            ).status_code
            end = time.perf_counter()
            done.append((end, (end - sent) * 1000, status))
    return done


def _latency(spent: Sequence[float]) -> dict[str, float]:
    ranked = sorted(spent)
    figures = {
        f"p{part}": ranked[
            min(len(ranked) - 1, math.ceil(len(ranked) * part / 100) - 1)
        ]
        for part in (50, 95, 99)
    }
    return {
        name: round(value, 2) for name, value in {**figures, "max": ranked[-1]}.items()
    }


def _histogram(spent: Sequence[float]) -> list[dict[str, Any]]:
    """Calls by class of latency; `up_to_ms` of the last is null."""
    edges = (0, *BOUNDS, math.inf)
    return [
        {
            "up_to_ms": None if math.isinf(high) else high,
            "calls": sum(low < value <= high for value in spent),
        }
        for low, high in pairwise(edges)
    ]


def _over_time(ends: Sequence[float], seconds: float) -> list[dict[str, float]]:
    """The rate in each of equal slots of the run."""
    width = seconds / SLOTS
    counted = Counter(min(SLOTS - 1, int(end / width)) for end in ends)
    return [
        {
            "until_second": round((slot + 1) * width, 3),
            "calls_per_second": round(counted[slot] / width, 1),
        }
        for slot in range(SLOTS)
    ]


CLAIMS = (
    Claim(
        "stress",
        "Many calls at once all succeed, and the stock is what they left.",
        stress,
        10,
    ),
)
