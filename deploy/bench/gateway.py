"""The gateway under load, by both of its routes, beside pgbench and PostgREST."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

from deploy.bench.load import pgbench
from deploy.bench.measurement import Verdict
from deploy.bench.race import LEDGER, Contender, Race
from deploy.bench.rpcs import CONSUME, RPCS
from deploy.bench.servers import POSTGREST, POSTGREST_POOL, Servers, Way
from gateway.settings import POOL_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.bench.load import Load
    from deploy.bench.rpcs import Rpc

LIMIT = "pgbench"
# There are many turns, and the figures of each one settle soon.
SHARE = 0.3
# Seconds that each new backend of pgbench may need until its plans are made.
SETTLING = 0.06


class Gateway(Race):
    """Three RPCs, with few and many connections, by every way there is."""

    name = "gateway"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._servers = Servers(self.bench)

    @property
    def title(self) -> str:
        scale = self.bench.scale
        return (
            f"Calls over HTTP, {scale.parts:,} parts with plenty and {scale.short:,}"
            f" with one unit; pools: PostgREST {POSTGREST_POOL} connections, a"
            f" gateway's workers {POOL_SIZE} together; pgbench one for each client"
        )

    @property
    def seconds(self) -> float:
        return min(self.bench.seconds, max(1.0, self.bench.seconds * SHARE))

    @property
    def direct(self) -> tuple[Way, ...]:
        """The gateways that call the database themselves."""
        return tuple(Way(workers) for workers in self.bench.scale.workers)

    @property
    def forwarding(self) -> tuple[Way, ...]:
        """The gateways in front of the PostgREST."""
        return tuple(Way(way.workers, forwarding=True) for way in self.direct)

    @property
    def ways(self) -> tuple[Way, ...]:
        """PostgREST first: gateways need it to start."""
        return (POSTGREST, *self.direct, *self.forwarding)

    def prepare(self) -> None:
        super().prepare()
        self._servers.start(self.fleet, self.ways)

    def contenders(self) -> dict[str, Contender]:
        everybody: tuple[Way | str, ...] = (LIMIT, *self.ways)
        return {
            _name(rpc, crowd, by): self._contender(rpc, crowd, by)
            for rpc in RPCS.values()
            for crowd in self.bench.scale.crowds
            for by in everybody
        }

    def _contender(self, rpc: Rpc, crowd: int, by: Way | str) -> Contender:
        ledger = LEDGER if rpc.moves else None
        if not isinstance(by, Way):
            return Contender(
                lambda seconds: pgbench(
                    self.fleet,
                    rpc.script,
                    seconds=seconds,
                    connections=crowd,
                    settling=SETTLING * crowd,
                ),
                crowd,
                ledger=ledger,
            )
        return Contender(
            lambda seconds: self._servers.call(
                by, rpc, fleet=self.fleet, seconds=seconds, connections=crowd
            ),
            crowd,
            ledger=ledger,
            seconds=partial(self._servers.seconds, by),
        )

    def warmed_up(self) -> Iterator[str]:
        for rpc in RPCS.values():
            for way in self.ways:
                yield _name(rpc, self.bench.scale.connections, way)

    def verdicts(self, loads: dict[str, Load]) -> list[Verdict]:
        return [
            verdict for rpc in RPCS.values() for verdict in self._verdicts(rpc, loads)
        ]

    def _verdicts(self, rpc: Rpc, loads: dict[str, Load]) -> Iterator[Verdict]:
        """The targets of an RPC, for the number of workers that serves it best."""
        usual, most = self.bench.scale.connections, max(self.bench.scale.crowds)
        best = max(self.direct, key=lambda way: loads[_name(rpc, usual, way)].rate)
        mine, theirs = _name(rpc, usual, best), _name(rpc, usual, POSTGREST)
        about = f"{rpc.name}, {best}"
        faster = 1.5 if rpc is CONSUME else 1.0
        yield Verdict(f"{about} / PostgREST", self.ratio(mine, theirs), ">=", faster)
        if rpc is CONSUME:
            of_limit = self.ratio(mine, _name(rpc, usual, LIMIT))
            yield Verdict(f"{about} / {LIMIT}", of_limit, ">=", 0.6)
        yield Verdict(f"{about}, P95", loads[mine].p95, "<", 10, "ms")
        yield Verdict(f"{about}, P99", loads[mine].p99, "<", 25, "ms")
        late = self.compared(mine, theirs, lambda own, its: own.p99 / its.p99)
        yield Verdict(f"{about}, P99 / that of PostgREST", late, "<", 1)
        crowded = self.ratio(_name(rpc, most, best), mine)
        yield Verdict(f"{about}, {most} connections / {usual}", crowded, ">=", 0.8)
        # With as many callers as keep every processor busy, what is added is waited for
        # by all; alone, it is what the way itself takes.
        few = min(self.bench.scale.crowds)
        for way, crowd in itertools.product(self.forwarding, sorted({few, usual})):
            added = self.compared(
                _name(rpc, crowd, way),
                _name(rpc, crowd, POSTGREST),
                lambda own, its: own.p50 - its.p50,
            )
            about = f"{rpc.name}, {crowd} at once: {way}, P50 added"
            yield Verdict(about, added, "<=", 2, "ms")


def _name(rpc: Rpc, crowd: int, by: Way | str) -> str:
    return f"{rpc.name}, {crowd} at once: {by}"
