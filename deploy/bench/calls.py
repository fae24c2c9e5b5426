"""consume_part under load: by pgbench, over HTTP, against hand-written code, hot."""

from __future__ import annotations

import math
import statistics
from abc import abstractmethod
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from deploy import postgrest, services
from deploy.background import served
from deploy.bench.fleet import CREW_ID, PLENTY, Fleet, make_fleet
from deploy.bench.load import (
    CONSUME,
    CONSUME_BY_HAND,
    Load,
    medians,
    pgbench,
    wait_until_quiet,
    wrk,
)
from deploy.bench.machine import server_seconds
from deploy.bench.measurement import Measurement, Result, Step, Verdict
from deploy.process import free_port
from deploy.tokens import mint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.background import Service

LEDGER = "public.pms_inventory_transactions"
HEADER = (
    "",
    "calls/s",
    "P50 ms",
    "P95 ms",
    "P99 ms",
    "server µs/call",
    "calls",
    "errors",
)
# Lets connections and plans be made before anything counts.
WARM_UP = 2.0


@dataclass(frozen=True)
class Contender:
    """One of those that take turns; each of its calls adds a row to `ledger`."""

    run: Callable[[float], Load]
    ledger: str = LEDGER


class Race(Measurement):
    """Contenders under load, by turns, on one database."""

    hand: ClassVar[bool] = False

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._loads: defaultdict[str, list[Load]] = defaultdict(list)
        self._fleet: Fleet | None = None
        self._faults: list[str] = []

    @property
    def fleet(self) -> Fleet:
        """The database, once it is filled."""
        if self._fleet is None:
            raise RuntimeError("the fleet is made by the first step")
        return self._fleet

    @property
    @abstractmethod
    def connections(self) -> int:
        """How many call at once."""

    @abstractmethod
    def contenders(self) -> dict[str, Contender]:
        """Who takes turns."""

    @abstractmethod
    def verdicts(self, loads: dict[str, Load]) -> list[Verdict]:
        """The targets, given the medians."""

    def steps(self) -> Iterator[Step]:
        contenders = self.contenders()
        parts = self.bench.scale.parts
        yield Step(f"{self.name}: make {parts:,} parts", 4, self.prepare)
        warm_up = min(WARM_UP, self.bench.seconds)
        for who, contender in contenders.items():
            yield Step(
                f"{self.name}: warm up {who}",
                warm_up,
                partial(contender.run, warm_up),
            )
        for number in range(1, self.bench.rounds + 1):
            for who in contenders:
                yield Step(
                    f"{self.name}: {who}, round {number} of {self.bench.rounds}",
                    self.bench.seconds,
                    partial(self._turn, who, contenders[who]),
                )
        yield Step(f"{self.name}: add every stock up", 1, self._check)

    def prepare(self) -> None:
        """Make the database; servers too, where they are needed."""
        self._fleet = make_fleet(
            self.bench.cluster,
            f"bench_{self.name}",
            template=self.bench.template,
            pasts=[(self.bench.scale.parts, 1)],
            opening=PLENTY,
            hand=self.hand,
        )

    def _turn(self, who: str, contender: Contender) -> None:
        wait_until_quiet(self.fleet)
        before = self.fleet.count(contender.ledger)
        used = server_seconds(self.bench.cluster)
        load = contender.run(self.bench.seconds)
        wait_until_quiet(self.fleet)
        used = server_seconds(self.bench.cluster) - used
        made = self.fleet.count(contender.ledger) - before
        self._loads[who].append(
            replace(load, server_us=used / max(1, load.calls) * 1e6)
        )
        if load.errors or not load.calls:
            self._faults.append(f"{who}: {load.errors} errors")
        # What was under way when the time was up is carried out and not counted.
        if not load.calls <= made <= load.calls + self.connections:
            self._faults.append(f"{who}: {load.calls} calls made {made} movements")

    def _check(self) -> None:
        faults = self.fleet.faults()
        if faults:
            self._faults.append(f"{faults} stocks do not add up")

    def ratio(self, one: str, other: str) -> float:
        """The rate of one over that of the other: the median over the rounds."""
        return statistics.median(
            mine.rate / theirs.rate
            for mine, theirs in zip(self._loads[one], self._loads[other], strict=True)
        )

    def result(self) -> Result:
        loads = {who: medians(runs) for who, runs in self._loads.items()}
        return Result(
            header=HEADER,
            rows=[
                (
                    who,
                    f"{load.rate:,.0f}",
                    *(f"{ms:.2f}" for ms in (load.p50, load.p95, load.p99)),
                    "" if math.isnan(load.server_us) else f"{load.server_us:.0f}",
                    f"{load.calls:,}",
                    str(load.errors),
                )
                for who, load in loads.items()
            ],
            figures={
                who: {
                    "median": _data(load),
                    "rounds": [_data(run) for run in self._loads[who]],
                }
                for who, load in loads.items()
            },
            verdicts=self.verdicts(loads),
            faults=self._faults,
        )


class Http(Race):
    """The same call by pgbench, through the gateway, and through PostgREST."""

    name = "http"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._urls: dict[str, str] = {}

    @property
    def title(self) -> str:
        scale = self.bench.scale
        return f"consume_part, {self.connections} connections, {scale.parts:,} parts"

    @property
    def connections(self) -> int:
        return self.bench.scale.connections

    def prepare(self) -> None:
        super().prepare()
        url, secret = self.fleet.url("authenticator"), self.bench.secrets.jwt_secret
        self._serve(
            services.gateway(database_url=url, jwt_secret=secret, port=free_port())
        )
        self._serve(
            postgrest.service(database_url=url, jwt_secret=secret, port=free_port())
        )

    def _serve(self, service: Service) -> None:
        log = self.bench.logs / f"{service.name}.log"
        self._urls[service.name] = self.bench.stack.enter_context(served(service, log))

    def _call(self, name: str, seconds: float) -> Load:
        return wrk(
            self._urls[name],
            token=mint(self.bench.secrets.jwt_secret, user_id=CREW_ID),
            seconds=seconds,
            connections=self.connections,
            parts=self.bench.scale.parts,
        )

    def contenders(self) -> dict[str, Contender]:
        return {
            "pgbench": Contender(
                lambda seconds: pgbench(
                    self.fleet, CONSUME, seconds=seconds, connections=self.connections
                )
            ),
            "gateway": Contender(lambda seconds: self._call("gateway", seconds)),
            "PostgREST": Contender(lambda seconds: self._call("postgrest", seconds)),
        }

    def verdicts(self, loads: dict[str, Load]) -> list[Verdict]:
        errors = float(loads["gateway"].errors)
        return [
            Verdict("gateway / pgbench", self.ratio("gateway", "pgbench"), ">=", 0.5),
            Verdict("gateway / PostgREST", self.ratio("gateway", "PostgREST"), ">", 1),
            Verdict("gateway, P95", loads["gateway"].p95, "<", 15, "ms"),
            Verdict("gateway, answers other than 2xx", errors, "=", 0),
        ]


class Hand(Race):
    """Against the least that a function could do."""

    name = "hand"
    hand = True
    hot = False

    @property
    def title(self) -> str:
        scale = self.bench.scale
        where = "one part" if self.hot else f"{scale.parts:,} parts"
        return (
            f"consume_part and hand-written code, {self.connections} connections,"
            f" {where}"
        )

    @property
    def connections(self) -> int:
        return self.bench.scale.connections

    def _call(self, script: str, seconds: float) -> Load:
        return pgbench(
            self.fleet,
            script,
            seconds=seconds,
            connections=self.connections,
            hot=self.hot,
        )

    def contenders(self) -> dict[str, Contender]:
        return {
            "consume_part": Contender(lambda seconds: self._call(CONSUME, seconds)),
            "hand-written": Contender(
                lambda seconds: self._call(CONSUME_BY_HAND, seconds),
                ledger="hand.movement",
            ),
        }

    def verdicts(self, loads: dict[str, Load]) -> list[Verdict]:
        return [
            Verdict(
                "consume_part / hand-written",
                self.ratio("consume_part", "hand-written"),
                ">=",
                0.5,
            ),
            Verdict("errors", float(loads["consume_part"].errors), "=", 0),
        ]


class Hot(Hand):
    """The same where everybody wants one part."""

    name = "hot"
    hot = True

    @property
    def connections(self) -> int:
        return self.bench.scale.hot_connections


def _data(load: Load) -> dict[str, float | None]:
    """The figures as JSON can hold them: it has no nan."""
    return {
        name: None if math.isnan(value) else round(value, 3)
        for name, value in asdict(load).items()
    }
