"""The whole ramp over HTTP: real calls and windows, a plan that soaks for a second."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import httpx
import pytest

from deploy import services
from deploy.background import served
from deploy.cluster import DEPLOYER
from deploy.process import free_port
from deploy.tokens import mint
from gateway.windows import BOUNDS
from tests.fleet import Fleet, Ship, Wire, launch, manned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.state import Secrets
    from tests.conftest import Database

PATIENCE = 60.0

# As the real plan, but quick; the thresholds are those of the real one.
PLAN = """
UPDATE private.canary_steps
SET soak = '1 second', min_calls = 20, max_gap = '10 seconds',
    alarm_period = '3 seconds', alarm_calls = 5
"""
# Actions of the test's own: one that raises, and one that is slow.
ACTIONS = """
INSERT INTO private.action_registry
    (action, lens, description, roles, is_write, is_signed, required_arguments,
     transaction_types, success_status)
SELECT a.action, 'part', 'Of a test', '{captain}', false, false, '{}', '{}', 200
FROM unnest(ARRAY['explode', 'dawdle']) AS a (action);
CREATE FUNCTION public.explode(p_yacht_id uuid) RETURNS jsonb LANGUAGE plpgsql
AS $$ BEGIN RAISE SQLSTATE 'XX000' USING MESSAGE = 'injected'; END $$;
CREATE FUNCTION public.dawdle(p_yacht_id uuid) RETURNS jsonb LANGUAGE plpgsql
AS $$ BEGIN PERFORM pg_sleep(0.6); RETURN 'true'; END $$;
GRANT EXECUTE ON FUNCTION public.explode(uuid), public.dawdle(uuid) TO authenticated;
NOTIFY pgrst
"""


@dataclass(frozen=True)
class Stage:
    """A yacht that is among the first, and what acts on the ramp."""

    ship: Ship
    fleet: Fleet
    call: Wire
    service: str

    def asked(self, function: str = "search_parts", **more: Any) -> tuple[int, Any]:
        """One call of the captain."""
        answer = self.call(
            self.ship.captain, function, p_yacht_id=self.ship.yacht_id, **more
        )
        return answer.status, answer.body

    def searches(self, number: int) -> None:
        """So many calls that go well."""
        for _ in range(number):
            assert self.asked(p_query="part")[0] == 200

    def serve(self, function: str, **arguments: Any) -> Any:
        """A call of a service."""
        headers = {"authorization": f"Bearer {self.service}"}
        answer = self.call.http.post(
            f"/rpc/{function}", json=arguments, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def evaluate(self) -> tuple[str, str, int]:
        """Decide as the deployer, with a clock of our own: the time of the database."""
        ((decision, cause, after),) = found(
            self.fleet,
            "SELECT d.decision, d.cause, d.percentage_after"
            " FROM private.evaluate_canary(clock_timestamp()) AS d",
        )
        return decision, cause, after

    def percentage(self) -> int:
        ((percentage,),) = found(
            self.fleet, "SELECT f.canary_percentage FROM public.feature_flags AS f"
        )
        return int(percentage)

    def settled(self) -> None:
        """Wait for a window of this step: the one that it began in is not judged."""
        eventually(
            lambda: found(
                self.fleet,
                "SELECT 1 FROM private.canary_windows AS w, public.feature_flags AS f"
                " WHERE w.started_at >= f.updated_at",
            )
        )

    def reported(self) -> None:
        """Wait until all that was answered before now is reported."""
        ((now,),) = found(self.fleet, "SELECT clock_timestamp()")
        eventually(
            lambda: found(
                self.fleet,
                "SELECT 1 FROM private.canary_windows AS w WHERE w.started_at >= %s",
                now,
            )
        )

    def moved(self) -> list[tuple[str, str, int, int, list[str]]]:
        """What was decided, without the times that it held."""
        return found(
            self.fleet,
            "SELECT d.decision, d.cause, d.percentage_before, d.percentage_after,"
            " d.failed FROM private.canary_decisions AS d WHERE d.decision <> 'hold'"
            " ORDER BY d.decision_id",
        )


def found(fleet: Fleet, query: LiteralString, *parameters: Any) -> list[Any]:
    """The rows of a query, as tuples; the deployer sees every row."""
    return fleet.connection.execute(query, parameters).fetchall()


def eventually(fact: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def stage(
    fresh_database: Database, secrets: Secrets, tmp_path: Path
) -> Iterator[Stage]:
    """A gateway that reports five times a second, and a yacht that is in at 5 %."""
    service = services.gateway(
        database_url=fresh_database.url("authenticator"),
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
    )
    service = service.told(PART_LENS_WINDOW_SECONDS=0.2)
    with manned(fresh_database.url(DEPLOYER)) as fleet:
        fleet.execute(PLAN)
        fleet.execute(ACTIONS)
        with (
            served(service, tmp_path / "log") as url,
            httpx.Client(base_url=url, timeout=30) as http,
        ):
            yield Stage(
                ship=_early(fleet),
                fleet=fleet,
                call=Wire(http, secrets.jwt_secret),
                service=mint(secrets.jwt_secret, user_id=None, role="service_role"),
            )


def _early(fleet: Fleet) -> Ship:
    """A ship in the first 5 of 100."""
    while True:
        ship = launch(fleet, 100, roles=["captain"])
        ((bucket,),) = found(
            fleet, "SELECT private.canary_bucket('part_lens_v2', %s)", ship.yacht_id
        )
        if bucket < 5:
            return ship


def _goes_on(stage: Stage) -> tuple[str, str, int]:
    """Call until it is decided that a step has soaked."""
    deadline = time.monotonic() + PATIENCE
    while True:
        stage.searches(10)
        decided = stage.evaluate()
        if decided[0] != "hold":
            return decided
        assert decided[1] in ("soak", "too_few_calls", "gap"), decided
        assert time.monotonic() < deadline


def test_the_buckets_of_both_sides_are_the_same(stage: Stage) -> None:
    """Or the database refuses every window."""
    ((bounds,),) = found(stage.fleet, "SELECT private.latency_bounds()")
    assert tuple(bounds) == BOUNDS


def test_a_ramp_goes_up_and_comes_down(stage: Stage) -> None:
    """Up by calls that go well; down by one 5xx, by six, and by slowness."""
    decision = stage.serve("set_canary", p_percentage=5, p_reason="let us begin")
    assert (decision["percentage_before"], decision["percentage_after"]) == (100, 5)
    assert [_goes_on(stage)[2] for _ in range(3)] == [20, 50, 100]

    # The report of the error decides by itself, long before anyone evaluates.
    stage.settled()
    assert stage.asked("explode")[0] == 500
    eventually(lambda: stage.percentage() == 50)
    stage.settled()
    stage.searches(30)
    assert stage.evaluate() == ("hold", "fell_back", 50)
    for _ in range(6):
        assert stage.asked("explode")[0] == 500
    eventually(lambda: stage.percentage() == 0)
    assert stage.evaluate() == ("hold", "fell_back", 0)
    stage.settled()
    status, body = stage.asked(p_query="part")
    assert (status, body["code"]) == (404, "feature_disabled")
    stage.reported()
    # Not all calls: the last of the six may be in a window that began at 0 %.
    counted = found(
        stage.fleet,
        "SELECT w.actions -> 'search_parts' FROM private.canary_windows AS w,"
        " public.feature_flags AS f WHERE w.started_at >= f.updated_at"
        " AND w.actions ? 'search_parts'",
    )
    assert counted == []

    stage.serve("set_canary", p_percentage=20, p_reason="mended")
    with ThreadPoolExecutor(4) as others:

        def slow() -> bool:
            list(others.map(lambda _: stage.asked("dawdle"), range(4)))
            return stage.evaluate()[0] != "hold"

        eventually(slow)

    moved = stage.moved()
    assert [(d, c, before, after) for d, c, before, after, _ in moved[:5]] == [
        ("set", "operator", 100, 5),
        ("advance", "passed", 5, 20),
        ("advance", "passed", 20, 50),
        ("advance", "passed", 50, 100),
        ("fall_back", "criterion", 100, 50),
    ]
    assert moved[4][4] == ["server_errors"]
    assert moved[-1][:2] in [("fall_back", "alarm"), ("fall_back", "criterion")]
    assert "p95_ms" in moved[-1][4]
    state = stage.serve("canary_state", p_decisions=50)
    assert state["canary_percentage"] == moved[-1][3]
    assert state["fell_back"]


def test_two_evaluations_at_once_advance_once(
    stage: Stage, fresh_database: Database
) -> None:
    """The second one finds the step that the first has begun."""
    # What is older than the soak does not count: long enough for a slow machine.
    stage.fleet.execute("UPDATE private.canary_steps SET soak = '3 seconds'")
    stage.serve("set_canary", p_percentage=5, p_reason="let us begin")

    def decide(_: int) -> tuple[str, int, int]:
        with manned(fresh_database.url(DEPLOYER)) as fleet:
            ((decision, before, after),) = found(
                fleet,
                "SELECT d.decision, d.percentage_before, d.percentage_after"
                " FROM private.evaluate_canary(clock_timestamp()) AS d",
            )
            return decision, before, after

    decisions: list[tuple[str, int, int]] = []
    deadline = time.monotonic() + PATIENCE
    with ThreadPoolExecutor(8) as pool:
        while not any(decision == "advance" for decision, _, _ in decisions):
            assert time.monotonic() < deadline
            stage.searches(20)
            stage.reported()
            decisions += pool.map(decide, range(8))
    assert decisions.count(("advance", 5, 20)) == 1
    assert set(decisions) <= {("advance", 5, 20), ("hold", 5, 5), ("hold", 20, 20)}
    assert stage.percentage() == 20
