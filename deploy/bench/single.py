"""Calls of one connection, timed one by one: on deep stocks, on a big catalogue."""

from __future__ import annotations

import statistics
import time
import uuid
from abc import abstractmethod
from collections import defaultdict
from typing import TYPE_CHECKING

import psycopg

from deploy.bench.filled import Filled
from deploy.bench.fleet import CREW_ID, PART, PLENTY, YACHT_ID, Fleet, make_fleet
from deploy.bench.measurement import Result, Step, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds that a million movements take to write, about.
FILL = 45.0
CONTEXT = (
    "SELECT set_config('role', 'authenticated', true),"
    " set_config('request.jwt.claims', %s, true)"
)
CLAIMS = f'{{"sub": "{CREW_ID}", "role": "authenticated"}}'
# Calls of each statement before it counts: PostgreSQL settles on a plan at the sixth.
UNCOUNTED = 10


class Turns(Filled):
    """Statements of a person, one after the other, over and over."""

    # Calls in a round, as a part of what the scale says.
    share = 1.0

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._rounds: defaultdict[str, list[float]] = defaultdict(list)

    @abstractmethod
    def fill(self) -> Fleet:
        """Make the database."""

    @abstractmethod
    def statements(self) -> dict[str, tuple[str, list[object]]]:
        """What is called: a statement by its name, and its values."""

    @abstractmethod
    def verdicts(self, medians: dict[str, float]) -> list[Verdict]:
        """The targets, given the medians in ms."""

    @property
    @abstractmethod
    def movements(self) -> int:
        """How many are to be written."""

    def steps(self) -> Iterator[Step]:
        rounds = self.bench.rounds
        calls = max(1, round(self.bench.scale.calls * self.share))
        yield Step(
            f"{self.name}: write {self.movements:,} movements",
            2 + FILL * self.movements / 1e6,
            self._prepare,
        )
        for number in range(1, rounds + 1):
            yield Step(
                f"{self.name}: {calls} calls of each, round {number} of {rounds}",
                3,
                lambda: self._round(calls),
            )
        yield Step(
            f"{self.name}: add every stock up", 5 * self.movements / 1e6, self.check
        )

    def _prepare(self) -> None:
        self._fleet = self.fill()

    def _round(self, calls: int) -> None:
        took: defaultdict[str, list[float]] = defaultdict(list)
        statements = self.statements()
        with psycopg.connect(
            self.fleet.url("authenticator"), autocommit=True, prepare_threshold=0
        ) as connection:
            for number in range(calls + UNCOUNTED):
                for name, (statement, values) in statements.items():
                    given = [uuid.uuid4().hex if v is KEY else v for v in values]
                    ms, answer = _timed(connection, statement, given)
                    if isinstance(answer, dict) and "code" in answer:
                        self._faults.append(f"{name}: {answer['code']}")
                    if number >= UNCOUNTED:
                        took[name].append(ms)
        for name, times in took.items():
            self._rounds[name].append(statistics.median(times))

    def ratio(self, one: str, other: str) -> float:
        """The time of one over that of the other: the median over the rounds."""
        return statistics.median(
            mine / theirs
            for mine, theirs in zip(self._rounds[one], self._rounds[other], strict=True)
        )

    def result(self) -> Result:
        medians = {name: statistics.median(ms) for name, ms in self._rounds.items()}
        return Result(
            header=("", "median ms"),
            rows=[(name, f"{ms:.3f}") for name, ms in medians.items()],
            figures={
                name: {
                    "median_ms": round(ms, 3),
                    "rounds_ms": [round(median, 3) for median in self._rounds[name]],
                }
                for name, ms in medians.items()
            },
            verdicts=self.verdicts(medians),
            faults=self._faults,
        )


KEY = object()


class Depth(Turns):
    """A stock's past must not make it slow."""

    name = "depth"

    @property
    def title(self) -> str:
        return "Calls on stocks with a long past, 1 connection"

    @property
    def movements(self) -> int:
        return sum(self.bench.scale.depths)

    def fill(self) -> Fleet:
        return make_fleet(
            self.bench.cluster,
            "bench_depth",
            template=self.bench.template,
            pasts=[(1, depth) for depth in self.bench.scale.depths],
            opening=PLENTY,
        )

    def statements(self) -> dict[str, tuple[str, list[object]]]:
        found: dict[str, tuple[str, list[object]]] = {}
        for number, depth in enumerate(self.bench.scale.depths, 1):
            part = f"{PART}{number:012d}"
            found[_at("view_part_details", depth)] = (
                "SELECT public.view_part_details(%s::uuid, %s::uuid)",
                [YACHT_ID, part],
            )
            found[_at("consume_part", depth)] = (
                "SELECT public.consume_part(%s::uuid, %s::uuid, 1, %s::text)",
                [YACHT_ID, part, KEY],
            )
        return dict(sorted(found.items(), key=lambda item: item[0].split(",")[0]))

    def verdicts(self, medians: dict[str, float]) -> list[Verdict]:  # noqa: ARG002  ratios are taken within each round
        least, *deeper = self.bench.scale.depths
        return [
            Verdict(
                f"{call}, {depth:,} / {least:,}",
                self.ratio(_at(call, depth), _at(call, least)),
                "<=",
                1.2,
            )
            for call in ("view_part_details", "consume_part")
            for depth in deeper
        ]


class Queries(Turns):
    """What is low and what is found, in a big catalogue, through row security."""

    name = "queries"
    share = 0.2

    @property
    def title(self) -> str:
        scale = self.bench.scale
        return f"Lists over {scale.catalogue:,} parts and {scale.past:,} movements"

    @property
    def movements(self) -> int:
        return self.bench.scale.past

    def fill(self) -> Fleet:
        scale = self.bench.scale
        return make_fleet(
            self.bench.cluster,
            "bench_queries",
            template=self.bench.template,
            pasts=[(scale.catalogue, scale.past // scale.catalogue)],
        )

    def statements(self) -> dict[str, tuple[str, list[object]]]:
        low = "SELECT public.low_stock_parts(%s::uuid, p_limit => %s::integer)"
        search = "SELECT public.search_parts(%s::uuid, %s::text)"
        number = f"FLT-{self.bench.scale.catalogue // 7 * 7 - 6:06d}"
        return {
            "low_stock_parts, page of 50": (low, [YACHT_ID, 50]),
            "low_stock_parts, page of 500": (low, [YACHT_ID, 500]),
            "search_parts, a number": (search, [YACHT_ID, number]),
            "search_parts, a typo": (search, [YACHT_ID, "impelar"]),
            "search_parts, two words": (search, [YACHT_ID, "hydraulic thermostat"]),
            "search_parts, a word of every part": (search, [YACHT_ID, "engine"]),
            "search_parts, a typo of that word": (search, [YACHT_ID, "engnie"]),
            "search_parts, typos of two such words": (
                search,
                [YACHT_ID, "spaer engnie"],
            ),
        }

    def verdicts(self, medians: dict[str, float]) -> list[Verdict]:
        return [Verdict(name, ms, "<", 50, "ms") for name, ms in medians.items()]


def _at(call: str, depth: int) -> str:
    return f"{call}, {depth:,} movements"


def _timed(
    connection: psycopg.Connection, statement: str, values: list[object]
) -> tuple[float, object]:
    """Carry out one call, durably, and time it from BEGIN to COMMIT, in ms."""
    began = time.perf_counter()
    with connection.transaction():
        connection.execute(CONTEXT, [CLAIMS])
        row = connection.execute(statement.encode(), values).fetchone()
    return (time.perf_counter() - began) * 1000, row[0] if row else None
