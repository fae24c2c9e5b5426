"""What a measurement is: steps that take turns, figures, and targets met or not."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from deploy.cluster import Cluster
    from deploy.state import Secrets

_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much there is to measure on.

    `parts` are consumed at random, `short` ones are there to be found low. Targets are
    set for `connections` at once; the gateway is measured with `crowds` of them, and
    with each number of `workers`, and called `endured` times without a pause.
    `depths` are numbers of movements on one stock; `catalogue` parts with `past`
    movements in all are searched; `calls` of each kind are timed in a round where calls
    are timed one by one.
    """

    parts: int = 1000
    short: int = 100
    connections: int = 10
    crowds: tuple[int, ...] = (1, 10, 100)
    workers: tuple[int, ...] = (1, 2)
    endured: int = 100_000
    hot_connections: int = 32
    depths: tuple[int, ...] = (100, 10_000, 1_000_000)
    catalogue: int = 10_000
    past: int = 1_000_000
    calls: int = 100


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every measurement gets: a cluster with a migrated template, and how long.

    `seconds` is the length of one run under load, `rounds` the number of turns.
    """

    cluster: Cluster
    secrets: Secrets
    template: str
    logs: Path
    seconds: float
    rounds: int
    scale: Scale = field(default_factory=Scale)
    # What a measurement started, and has to stop when all is over.
    stack: ExitStack = field(default_factory=ExitStack)


@dataclass(frozen=True)
class Step:
    """One thing to do: its name, about how many seconds it takes, and the doing."""

    title: str
    seconds: float
    run: Callable[[], object]


@dataclass(frozen=True)
class Verdict:
    """A figure against its target."""

    name: str
    figure: float
    relation: str
    target: float
    unit: str = ""

    @property
    def reached(self) -> bool:
        return _RELATIONS[self.relation](self.figure, self.target)


@dataclass(frozen=True)
class Result:
    """What a measurement found.

    `header` and `rows` are a table for people, `figures` the same and each round for
    programs. `faults` are what no measurement may have: errors, and stocks that do
    not add up.
    """

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    figures: dict[str, Any]
    verdicts: Sequence[Verdict]
    faults: Sequence[str]


class Measurement(ABC):
    """Several things that are measured in turns."""

    name: ClassVar[str]

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    @property
    @abstractmethod
    def title(self) -> str:
        """What is measured, as a headline."""

    @abstractmethod
    def steps(self) -> Iterator[Step]:
        """What is to be done, in order. Known before any of it is done."""

    @abstractmethod
    def result(self) -> Result:
        """What was found, once all steps are done."""
