"""The gateway under one long load: does it refuse anything, does it grow?"""

from __future__ import annotations

import statistics
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from deploy.bench.filled import Filled
from deploy.bench.fleet import PLENTY, make_fleet
from deploy.bench.load import Load, wait_until_quiet
from deploy.bench.measurement import Result, Step, Verdict
from deploy.bench.race import LEDGER, as_figures
from deploy.bench.rpcs import CONSUME
from deploy.bench.servers import Servers, Way
from gateway.settings import POOL_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGES = 5
# Seconds between two looks at the memory.
SAMPLED = 0.25
# Calls in a second, for the bar of progress alone.
EXPECTED = 1500


@dataclass
class Stage:
    """A part of the run: what came of each load, and the memory meanwhile in MiB."""

    loads: list[Load] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return sum(load.calls for load in self.loads)

    @property
    def errors(self) -> int:
        return sum(load.errors for load in self.loads)

    @property
    def resident(self) -> float:
        """The median, in MiB."""
        return statistics.median(self.memory)


class Endurance(Filled):
    """Many calls to one gateway, by the direct route."""

    name = "endurance"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._way = Way(workers=max(self.bench.scale.workers))
        self._servers = Servers(self.bench)
        self._warm_up = Stage()
        self._stages: list[Stage] = []

    @property
    def title(self) -> str:
        scale = self.bench.scale
        return (
            f"{scale.endured:,} calls of consume_part, {self._way}, {POOL_SIZE}"
            f" connections to the database, {scale.connections} to the gateway"
        )

    def steps(self) -> Iterator[Step]:
        calls = -(-self.bench.scale.endured // STAGES)
        yield Step(f"{self.name}: start", 6, self._prepare)
        for number in range(1, STAGES + 1):
            yield Step(
                f"{self.name}: {calls:,} calls, part {number} of {STAGES}",
                calls / EXPECTED,
                partial(self._run, calls),
            )
        yield Step(f"{self.name}: add every stock up", 2, self._check)

    def _prepare(self) -> None:
        scale = self.bench.scale
        self._fleet = make_fleet(
            self.bench.cluster,
            f"bench_{self.name}",
            template=self.bench.template,
            pasts=[(scale.parts, 1)],
            opening=PLENTY,
        )
        self._servers.start(self.fleet, [self._way])
        # Pools and plans are made: from here on nothing has a reason to grow.
        self._warm_up.loads.append(self._load(self.bench.seconds))
        self.fleet.analyze()

    def _load(self, seconds: float) -> Load:
        return self._servers.call(
            self._way,
            CONSUME,
            fleet=self.fleet,
            seconds=seconds,
            connections=self.bench.scale.connections,
        )

    def _run(self, calls: int) -> None:
        stage = Stage()
        self._stages.append(stage)
        with self._sampled(stage.memory):
            while stage.calls < calls:
                load = self._load(self.bench.seconds)
                stage.loads.append(load)
                if not load.calls:
                    break

    @contextmanager
    def _sampled(self, memory: list[float]) -> Iterator[None]:
        """Look at the gateway's memory as long as the block lasts."""
        over = Event()

        def look() -> None:
            while True:
                memory.append(self._servers.memory(self._way))
                if over.wait(SAMPLED):
                    return

        thread = Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _check(self) -> None:
        wait_until_quiet(self.fleet)
        calls = sum(stage.calls for stage in self._stages)
        errors = sum(stage.errors for stage in self._stages)
        if errors or not calls:
            self._faults.append(f"{errors} errors in {calls} calls")
        self.check()
        made = self.fleet.count(LEDGER) - self.fleet.parts - self._warm_up.calls
        runs = 1 + sum(len(stage.loads) for stage in self._stages)
        # What was under way at the end of a run is carried out and not counted.
        if not calls <= made <= calls + runs * self.bench.scale.connections:
            self._faults.append(f"{calls} calls made {made} movements")

    def result(self) -> Result:
        calls = sum(stage.calls for stage in self._stages)
        errors = sum(stage.errors for stage in self._stages)
        growth = self._stages[-1].resident / self._stages[0].resident
        return Result(
            header=("", "calls", "errors", "MiB"),
            rows=[
                (
                    f"part {number}",
                    f"{stage.calls:,}",
                    str(stage.errors),
                    f"{stage.resident:.1f}",
                )
                for number, stage in enumerate(self._stages, 1)
            ],
            figures={
                f"part {number}": {
                    "resident_mib": round(stage.resident, 2),
                    "samples_mib": [round(mib, 2) for mib in stage.memory],
                    "runs": [as_figures(load) for load in stage.loads],
                }
                for number, stage in enumerate(self._stages, 1)
            },
            verdicts=[
                Verdict("calls", float(calls), ">=", self.bench.scale.endured),
                Verdict("answers other than 2xx", float(errors), "=", 0),
                Verdict("memory, the last part / the first", growth, "<=", 1.1),
            ],
            faults=self._faults,
        )
