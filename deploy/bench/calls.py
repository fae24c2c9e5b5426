"""consume_part by pgbench, against hand-written code, and where all want one part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.bench.fleet import CREW_ID, STOCK
from deploy.bench.load import pgbench
from deploy.bench.measurement import Verdict
from deploy.bench.race import Contender, Race
from deploy.bench.rpcs import CONSUME, in_transaction

if TYPE_CHECKING:
    from deploy.bench.load import Load

# The same statements around both functions, so that only these differ.
CONSUME_BY_HAND = in_transaction(
    f"hand.consume('{CREW_ID}'::uuid, ('{STOCK}' || lpad(:n::text, 12, '0'))::uuid, 1)"
)


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
        """How many call at once."""
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
            "consume_part": Contender(
                lambda seconds: self._call(CONSUME.script, seconds),
                self.connections,
            ),
            "hand-written": Contender(
                lambda seconds: self._call(CONSUME_BY_HAND, seconds),
                self.connections,
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
