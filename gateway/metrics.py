"""What Prometheus scrapes.

The public `/metrics` sums over tenants and leaves out what concerns the installation;
the private port has everything. With several workers each writes to files of a shared
folder (prometheus_client's multiprocess mode), and whoever is asked sums them.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.messages import UNSTORED, Response, whole
from gateway.tasks import end
from gateway.windows import BOUNDS, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway.tenants import Tenants
    from gateway.tokens import Tokens

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# When a series began is of no use to Prometheus, and would double the counters.
disable_created_metrics()  # type: ignore[no-untyped-call]

# Seconds between two looks at what is a gauge.
SAMPLED = 1.0
# Seconds after which a PostgREST that had no calls is asked whether it is there.
ASKED = 15.0
# Whatever is no function of ours: a scanner's paths must not become series.
OTHER = "other"
# The status of calls that got no answer, or not all of it.
ABORTED = 499
# Seconds; the canary's, so that both tell the same percentiles.
BUCKETS = tuple(milliseconds / 1000 for milliseconds in BOUNDS)
PUBLIC = frozenset(
    {
        "part_lens_requests",
        "part_lens_request_duration_seconds",
        "part_lens_refusals",
        "part_lens_pool_size",
        "part_lens_pool_available",
        "part_lens_pool_waiting",
        "part_lens_jwt_cache_entries",
        "part_lens_jwt_cache_hits",
        "part_lens_jwt_cache_misses",
    }
)

REQUESTS = Counter(
    "part_lens_requests", "Calls by function and HTTP status.", ["function", "status"]
)
DURATION = Histogram(
    "part_lens_request_duration_seconds",
    "Seconds from the request's head to the answer's end.",
    ["function"],
    buckets=BUCKETS,
)
REFUSALS = Counter(
    "part_lens_refusals",
    "Answers of 400 and above by their code.",
    ["code", "function"],
)
VIOLATIONS = Counter(
    "part_lens_violations", "Calls that PostgreSQL refused for want of a privilege."
)
POOL_SIZE = Gauge(
    "part_lens_pool_size", "Connections.", ["tenant"], multiprocess_mode="livesum"
)
POOL_AVAILABLE = Gauge(
    "part_lens_pool_available",
    "Connections that nobody uses.",
    ["tenant"],
    multiprocess_mode="livesum",
)
POOL_WAITING = Gauge(
    "part_lens_pool_waiting",
    "Calls that wait for a connection.",
    ["tenant"],
    multiprocess_mode="livesum",
)
POOL_TIMEOUTS = Counter(
    "part_lens_pool_timeouts", "Calls that got no connection in time.", ["tenant"]
)
TENANT_READY = Gauge(
    "part_lens_tenant_ready",
    "1 if the tenant's database answers.",
    ["tenant"],
    multiprocess_mode="livemin",
)
JWT_ENTRIES = Gauge(
    "part_lens_jwt_cache_entries", "Remembered tokens.", multiprocess_mode="livesum"
)
JWT_HITS = Counter("part_lens_jwt_cache_hits", "Calls with a remembered token.")
JWT_MISSES = Counter("part_lens_jwt_cache_misses", "Tokens that had to be verified.")


def count(
    function: str, status: int | None, seconds: float, *, code: str | None
) -> None:
    """Count a call, with the parameters of `gateway.observation.observe`."""
    shown, function = str(status or ABORTED), function or OTHER
    if status is None or status >= 400:
        if code is None or code.startswith(UNSEEN):
            function = OTHER
        REFUSALS.labels(code or shown, function).inc()
        # Who shows no token is told to, and that is no hole.
        if code == "42501" and status != 401:
            VIOLATIONS.inc()
    REQUESTS.labels(function, shown).inc()
    DURATION.labels(function).observe(seconds)


def response() -> Response:
    """Render the public metrics in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Public())
    body = generate_latest(registry)
    return whole(200, body, UNSTORED, kind=CONTENT_TYPE_LATEST.encode())


class Sampler:
    """Keeps the gauges of pools and tokens as they are now, within a second."""

    def __init__(self, tenants: Tenants, tokens: Tokens) -> None:
        self._tenants = tenants
        self._tokens = tokens
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; in a running event loop."""
        self._task = asyncio.create_task(self._look(), name="sampler")

    async def stop(self) -> None:
        """Look no more."""
        await end(self._task)

    async def _look(self) -> None:
        while True:
            JWT_ENTRIES.set(len(self._tokens))
            for alias, route in self._tenants.routes.items():
                if (pool := route.pool()) is not None:
                    POOL_SIZE.labels(alias).set(pool.size)
                    POOL_AVAILABLE.labels(alias).set(pool.available)
                    POOL_WAITING.labels(alias).set(pool.waiting)
                TENANT_READY.labels(alias).set(await route.ready(within=ASKED))
            await asyncio.sleep(SAMPLED)


def serve_privately(port: int) -> None:
    """Serve all metrics on a port of 127.0.0.1, in a thread of its own."""
    start_http_server(port, addr="127.0.0.1", registry=_registry())


def _registry() -> CollectorRegistry:
    if (folder := os.environ.get(FOLDER)) is None:
        return REGISTRY
    registry = CollectorRegistry()
    registry.register(_Workers(folder))
    return registry


class _Workers:
    """What all workers count, and the gauges of those that live, at each scrape."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._files = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Metric]:
        """Read the files of the workers."""
        _bury(self._folder)
        found: Iterable[Metric] = self._files.collect()  # type: ignore[no-untyped-call]
        return found


def _bury(folder: Path) -> None:
    """Forget the gauges of workers that are gone."""
    pids = {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*")}
    for pid in map(int, pids):
        try:
            os.kill(pid, 0)
        # Not ours to ask: the number is another's by now.
        except (ProcessLookupError, PermissionError):
            with suppress(FileNotFoundError):
                mark_process_dead(pid)  # type: ignore[no-untyped-call]


class _Public:
    """The public families, summed over tenants."""

    def collect(self) -> Iterator[Metric]:
        for family in _registry().collect():
            if family.name not in PUBLIC:
                continue
            if any("tenant" in sample.labels for sample in family.samples):
                total = sum(sample.value for sample in family.samples)
                yield GaugeMetricFamily(family.name, family.documentation, total)
            else:
                yield family
