"""Contenders that take turns under load on one database."""

from __future__ import annotations

import math
import statistics
from abc import abstractmethod
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from deploy.bench.filled import Filled
from deploy.bench.fleet import PLENTY, make_fleet
from deploy.bench.load import Load, medians, wait_until_quiet
from deploy.bench.machine import server_seconds
from deploy.bench.measurement import Result, Step, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEDGER = "public.pms_inventory_transactions"
HEADER = (
    "",
    "calls/s",
    "P50 ms",
    "P95 ms",
    "P99 ms",
    "server µs/call",
    "HTTP µs/call",
    "calls",
    "errors",
)
# Lets connections and plans be made before anything counts.
WARM_UP = 2.0


@dataclass(frozen=True)
class Contender:
    """One of those that take turns, with so many connections.

    Each of its calls adds a row to `ledger`, if there is one. `seconds` tells the
    processor time that the servers in front of the database have used so far.
    """

    run: Callable[[float], Load]
    connections: int
    ledger: str | None = LEDGER
    seconds: Callable[[], float] = lambda: math.nan


class Race(Filled):
    """Contenders under load, by turns, on one database."""

    hand: ClassVar[bool] = False

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._loads: defaultdict[str, list[Load]] = defaultdict(list)

    @abstractmethod
    def contenders(self) -> dict[str, Contender]:
        """Who takes turns."""

    @property
    def seconds(self) -> float:
        """How long one turn is."""
        return self.bench.seconds

    def warmed_up(self) -> Iterator[str]:
        """Who runs once before anything counts."""
        yield from self.contenders()

    @abstractmethod
    def verdicts(self, loads: dict[str, Load]) -> list[Verdict]:
        """The targets, given the medians."""

    def steps(self) -> Iterator[Step]:
        contenders = self.contenders()
        parts = self.bench.scale.parts
        yield Step(f"{self.name}: make {parts:,} parts", 4, self.prepare)
        warm_up = min(WARM_UP, self.seconds)
        for who in self.warmed_up():
            yield Step(
                f"{self.name}: warm up {who}",
                warm_up,
                partial(contenders[who].run, warm_up),
            )
        yield Step(f"{self.name}: look at the tables", 1, self._analyze)
        for number in range(1, self.bench.rounds + 1):
            for who in contenders:
                yield Step(
                    f"{self.name}: {who}, round {number} of {self.bench.rounds}",
                    self.seconds,
                    partial(self._turn, who, contenders[who]),
                )
        yield Step(f"{self.name}: add every stock up", 1, self.check)

    def prepare(self) -> None:
        """Make the database; servers too, where they are needed."""
        self._fleet = make_fleet(
            self.bench.cluster,
            f"bench_{self.name}",
            template=self.bench.template,
            pasts=[(self.bench.scale.parts, 1)],
            opening=PLENTY,
            short=self.bench.scale.short,
            hand=self.hand,
        )

    def _analyze(self) -> None:
        self.fleet.analyze()

    def _turn(self, who: str, contender: Contender) -> None:
        wait_until_quiet(self.fleet)
        before = self._movements(contender)
        server, front = server_seconds(self.bench.cluster), contender.seconds()
        load = contender.run(self.seconds)
        wait_until_quiet(self.fleet)
        front = contender.seconds() - front
        server = server_seconds(self.bench.cluster) - server
        made = self._movements(contender) - before
        calls = max(1, load.calls)
        self._loads[who].append(
            replace(load, server_us=server / calls * 1e6, front_us=front / calls * 1e6)
        )
        if load.errors or not load.calls:
            self._faults.append(f"{who}: {load.errors} errors")
        # What was under way when the time was up is carried out and not counted.
        most = load.calls + contender.connections
        if contender.ledger and not load.calls <= made <= most:
            self._faults.append(f"{who}: {load.calls} calls made {made} movements")

    def _movements(self, contender: Contender) -> int:
        return self.fleet.count(contender.ledger) if contender.ledger else 0

    def ratio(self, one: str, other: str) -> float:
        """The rate of one over that of the other: the median over the rounds."""
        return self.compared(one, other, lambda mine, its: mine.rate / its.rate)

    def compared(
        self, one: str, other: str, how: Callable[[Load, Load], float]
    ) -> float:
        """How the runs of one compare with those of the other: the median."""
        pairs = zip(self._loads[one], self._loads[other], strict=True)
        return statistics.median(how(*pair) for pair in pairs)

    def result(self) -> Result:
        loads = {who: medians(runs) for who, runs in self._loads.items()}
        return Result(
            header=HEADER,
            rows=[
                (
                    who,
                    f"{load.rate:,.0f}",
                    *(f"{ms:.2f}" for ms in (load.p50, load.p95, load.p99)),
                    *(
                        "" if math.isnan(us) else f"{us:.0f}"
                        for us in (load.server_us, load.front_us)
                    ),
                    f"{load.calls:,}",
                    str(load.errors),
                )
                for who, load in loads.items()
            ],
            figures={
                who: {
                    "median": as_figures(load),
                    "rounds": [as_figures(run) for run in self._loads[who]],
                }
                for who, load in loads.items()
            },
            verdicts=self.verdicts(loads),
            faults=self._faults,
        )


def as_figures(load: Load) -> dict[str, float | None]:
    """The figures as JSON can hold them: it has no nan."""
    return {
        name: None if math.isnan(value) else round(value, 3)
        for name, value in asdict(load).items()
    }
