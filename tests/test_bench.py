"""The benchmark: it runs, and its figures agree. How fast anything is, is no test."""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from deploy.bench.__main__ import MEASUREMENTS, main, measure
from deploy.bench.calls import Hand
from deploy.bench.fleet import PLENTY, make_fleet
from deploy.bench.load import Load, LoadError, medians, pgbench
from deploy.bench.machine import lay_up_wal
from deploy.bench.measurement import Bench, Result, Scale, Verdict
from deploy.bench.report import as_data, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from deploy.bench.measurement import Step
    from deploy.cluster import Cluster
    from deploy.state import Secrets

TINY = Scale(
    parts=20,
    short=5,
    connections=2,
    crowds=(2,),
    workers=(1,),
    endured=50,
    hot_connections=3,
    depths=(2, 9, 30),
    catalogue=50,
    past=500,
    calls=5,
)
# A load generator that does not come up meanwhile gets twice as long.
SECONDS = 0.2
# By wrk, over HTTP.
LOADED = ("gateway", "endurance")


@pytest.fixture
def bench(
    cluster: Cluster, secrets: Secrets, migrated_template: str, tmp_path: Path
) -> Iterator[Bench]:
    yield Bench(
        cluster=cluster,
        secrets=secrets,
        template=migrated_template,
        logs=tmp_path,
        seconds=SECONDS,
        rounds=1,
        scale=TINY,
    )
    for name in MEASUREMENTS:
        cluster.drop_database(f"bench_{name}")


def run(bench: Bench, name: str) -> tuple[str, Result, list[str]]:
    titles: list[str] = []

    def told(steps: Sequence[Step]) -> Iterator[Step]:
        for step in steps:
            titles.append(step.title)
            yield step

    title, result = measure(bench, [name], progress=told)[name]
    return title, result, titles


@pytest.mark.parametrize("name", [name for name in MEASUREMENTS if name != "hand"])
def test_each_measurement_finds_no_fault_and_reports_each_round(
    bench: Bench, name: str
) -> None:
    """Every figure comes from all rounds, and the report can be written."""
    if name in LOADED and not (shutil.which("wrk") and shutil.which("npm")):
        pytest.skip("wrk and PostgREST are installed for `make bench`")
    title, result, titles = run(bench, name)
    assert result.faults == []
    assert result.verdicts
    assert all(math.isfinite(verdict.figure) for verdict in result.verdicts)
    for figure in result.figures.values():
        rounds = figure.get("rounds", figure.get("rounds_ms", figure.get("runs")))
        assert len(rounds) == bench.rounds
    assert all(step.startswith(f"{name}: ") for step in titles)
    assert title in as_text(title, result)
    assert json.loads(json.dumps(as_data(title, result), allow_nan=False))


def test_contenders_take_turns(bench: Bench) -> None:
    """Neither of two that are compared runs twice in a row."""
    bench = replace(bench, rounds=2)
    runs = [step.title for step in Hand(bench).steps() if "round" in step.title]
    who = [title.partition(",")[0] for title in runs]
    assert len(who) == 2 * bench.rounds
    assert all(one != other for one, other in itertools.pairwise(who))


def test_figures_of_a_run_agree(bench: Bench) -> None:
    """Medians lie among the rounds, percentiles rise, calls and rates go together."""
    _, result, _ = run(replace(bench, rounds=2, seconds=1), "hand")
    for figure in result.figures.values():
        rounds, median = figure["rounds"], figure["median"]
        assert median["calls"] == sum(load["calls"] for load in rounds)
        assert median["rate"] == pytest.approx(
            statistics.median(load["rate"] for load in rounds), abs=0.01
        )
        for load in rounds:
            assert 0 < load["p50"] <= load["p95"] <= load["p99"]
            assert load["errors"] == 0
            # Neither can be far off: a run lasts about a second.
            assert 0.5 < load["calls"] / load["rate"] < 2


def test_files_for_the_wal_are_at_hand(cluster: Cluster) -> None:
    """Nobody's turn has to wait until one is filled with zeros."""

    def ahead() -> int:
        with cluster.connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_ls_waldir() AS f"
                " WHERE f.name > pg_walfile_name(pg_current_wal_lsn())"
                " AND f.name ~ '^[0-9A-F]{24}$'"
            ).fetchone()
        return int(row[0]) if row else 0

    wanted = ahead() + 3
    lay_up_wal(cluster, files=wanted)
    assert ahead() >= wanted


def test_a_past_written_without_the_trigger_adds_up(bench: Bench) -> None:
    """The movements are those that the trigger would have written."""
    fleet = make_fleet(
        bench.cluster, "bench_depth", template=bench.template, pasts=[(3, 7), (2, 4)]
    )
    assert fleet.count("public.pms_inventory_stock") == 5
    assert fleet.count("public.pms_inventory_transactions") == 3 * 7 + 2 * 4
    assert fleet.faults() == 0


def test_a_stock_that_does_not_add_up_is_a_fault(bench: Bench) -> None:
    """The check at the end of each measurement can fail."""
    fleet = make_fleet(
        bench.cluster, "bench_depth", template=bench.template, pasts=[(3, 7)]
    )
    with bench.cluster.connect(fleet.name) as connection:
        connection.execute("UPDATE public.pms_inventory_stock SET quantity = 99")
    assert fleet.faults() == 3


def test_a_refused_call_is_noticed_though_pgbench_counts_it(bench: Bench) -> None:
    """A refusal commits, so only the ledger tells it from a success."""
    measurement = Hand(bench)
    fill, *runs = measurement.steps()
    fill.run()
    with bench.cluster.connect(measurement.fleet.name) as connection:
        connection.execute("DELETE FROM public.auth_users_roles")
    for step in runs:
        step.run()
    (fault,) = measurement.result().faults
    assert re.fullmatch(r"consume_part: \d+ calls made 0 movements", fault)


def test_a_script_that_fails_is_an_error(bench: Bench) -> None:
    """pgbench goes on with the clients that are left, so errors must be looked for."""
    fleet = make_fleet(
        bench.cluster,
        "bench_hand",
        template=bench.template,
        pasts=[(TINY.parts, 1)],
        opening=PLENTY,
    )
    with pytest.raises(LoadError, match="does not exist"):
        pgbench(fleet, "SELECT no_such_column;", seconds=1, connections=2)


def test_where_the_figures_go_is_looked_at_first() -> None:
    """Not after minutes of measuring."""
    told = CliRunner().invoke(main, ["--output", "/proc/bench.json"])
    assert told.exit_code == 1
    assert told.output == (
        "Error: cannot write /proc/bench.json: No such file or directory\n"
    )


def test_medians_add_errors_up() -> None:
    """One bad round in three is not averaged away."""
    found = medians(
        [Load(10, errors, rate, 1, 2, 3) for errors, rate in ((0, 5), (7, 9), (0, 6))]
    )
    assert (found.calls, found.errors, found.rate) == (30, 7, 6)


@pytest.mark.parametrize(
    ("relation", "figure", "reached"),
    [(">=", 0.5, True), (">", 0.5, False), ("<", 0.5, False), ("<=", 0.5, True)],
)
def test_a_target_is_met_or_missed(relation: str, figure: float, reached: bool) -> None:
    """At the target itself, `>` and `<` are missed."""
    assert Verdict("x", figure, relation, 0.5).reached is reached
