"""The benchmark in the bundle: which one it is, and what is shown of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deploy.bench import report
from deploy.bench.calls import Hot
from deploy.bench.load import LoadError
from deploy.bench.measurement import Bench, Measurement, Result, Scale, Step, Verdict
from deploy.revision import Revision, revision
from evidence.collector import benchmark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from deploy.cluster import Cluster
    from deploy.state import Secrets

    from .conftest import Live, Taken

RATES = Result(
    header=("", "calls/s", "errors"),
    rows=[("fast", "2,100", "0"), ("slow <b>", "700.5", "0")],
    figures={"fast": {"rate": 2100}, "slow": {"rate": 700.5}},
    verdicts=[
        Verdict("slow / fast", 0.334, ">=", 0.5),
        Verdict("errors", 0, "=", 0),
    ],
    faults=[],
)
TIMES = Result(
    header=("", "median ms"),
    rows=[("a search", "12.00")],
    figures={"a search": 12},
    verdicts=[Verdict("a search", 12, "<", 50, "ms")],
    faults=[],
)
FAULTY = Result((), [], {}, [], ["3 stocks do not add up"])


def bench_file(directory: Path, **results: Result) -> Path:
    """Writes what `make bench` would of these results; of two good ones by default."""
    found = results or {"a_race": RATES, "times": TIMES}
    path = directory / "bench.json"
    document = report.as_document(
        {name: (f"The title of {name}", result) for name, result in found.items()},
        command="python -m deploy.bench",
        seconds=2,
        rounds=3,
        machine={"postgresql": "15.9", "cores": 2, "load_average": 0.1},
    )
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def page(run: Taken) -> str:
    return (run.directory / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the newest run of `make bench` is, on a tree without changes."""
    path = tmp_path / "bench.json"
    monkeypatch.setattr(benchmark, "NEWEST", path)
    now = Revision(revision().commit or "of no repository", False)
    monkeypatch.setattr(benchmark, "revision", lambda: now)
    monkeypatch.setattr(report, "revision", lambda: now)
    return path


def test_what_is_given_is_shown_whatever_it_measures(
    live: Live, tmp_path: Path
) -> None:
    """A missed target is not a claim that fails."""
    given = bench_file(tmp_path)
    run = live.take(tmp_path / "bundle", "--only", "bench", "--bench", str(given))
    assert (run.code, run.failed) == (0, []), run.output
    assert run["bench"]["evidence"]["missed_targets"] == ["a_race: slow / fast"]
    assert run["bench"]["evidence"]["bench"] == json.loads(given.read_text())
    assert "MISSED        target of speed     a_race: slow / fast" in run.output
    shown = page(run)
    assert "a_race: The title of a_race" in shown
    assert "times: The title of times" in shown
    assert "<b>MISSED</b><span>slow / fast: 0.334, target &gt;= 0.5" in shown
    assert "<b>reached</b><span>a search: 12 ms, target &lt; 50 ms" in shown
    assert "<td>slow &lt;b&gt;</td><td>700.5</td>" in shown
    assert shown.count("<svg") == 1
    assert "From the file that was given, 3 rounds of 2 s, PostgreSQL 15.9" in shown


def test_many_rows_have_their_bars_within_the_table(live: Live, tmp_path: Path) -> None:
    """A picture of their own would be higher than wide."""
    rows = [(f"by {n} at once, a name of some length", f"{n},000") for n in range(12)]
    many = Result(("", "calls/s"), rows, {}, [], [])
    given = bench_file(tmp_path, many=many)
    run = live.take(tmp_path / "bundle", "--only", "bench", "--bench", str(given))
    shown = page(run)
    assert shown.count("<svg") == 0
    assert shown.count('<td class="bar"') == 11
    assert '<td class="bar" style="--share: 100%">11,000</td>' in shown


def test_a_fault_fails(live: Live, tmp_path: Path) -> None:
    """Errors, and stocks that do not add up, are no matter of the machine."""
    given = bench_file(tmp_path, good=TIMES, bad=FAULTY)
    run = live.take(tmp_path / "bundle", "--only", "bench", "--bench", str(given))
    assert (run.code, run.failed) == (1, ["bench"])
    assert "1 faults: 3 stocks do not add up" in page(run)


def test_without_one_the_bundle_says_so(
    live: Live, tmp_path: Path, newest: Path
) -> None:
    """Nothing is run against an installation elsewhere; the rest is claimed all the
    same."""
    assert not newest.exists()
    options = ("--only", "bench", "--only", "drift", "--only", "receive_201")
    run = live.take(tmp_path / "bundle", *options)
    assert (run.code, run.failed) == (0, []), run.output
    assert run["bench"]["holds"] is None
    assert run["bench"]["evidence"].keys() == {"not_measured"}
    assert run["acceptance_summary"]["evidence"]["not_measured"] == ["bench"]
    assert "not measured  bench " in run.output
    shown = page(run)
    assert "All 2 claims that were examined hold" in shown
    assert shown.count("Not measured: ") == 2


@pytest.mark.parametrize("content", ["[]", "{", '{"measurements": {"http": {}}}'])
def test_what_is_no_benchmark_is_one_line(
    live: Live, tmp_path: Path, content: str
) -> None:
    given = tmp_path / "given.json"
    given.write_text(content)
    run = live.take(tmp_path / "bundle", "--bench", str(given))
    assert run.code == 1
    assert run.output == f"Error: {given} is no JSON of `make bench`\n"
    assert not run.directory.exists()


def test_the_newest_run_of_this_commit_is_taken(tmp_path: Path, newest: Path) -> None:
    """And no other: neither of another commit, nor of files that no commit has."""
    document = json.loads(bench_file(tmp_path).read_text())
    found = benchmark.known(None, wanted=True, is_here=False)
    assert found.document == document
    assert "of this commit" in found.source
    for change in ({"commit": "0" * 40}, {"uncommitted_changes": True}):
        newest.write_text(json.dumps({**document, **change}))
        assert benchmark.known(None, wanted=True, is_here=False).document is None


def test_one_is_run_where_the_installation_is_here(
    newest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not newest.exists()
    ran: dict[str, Any] = {"measurements": {}}
    monkeypatch.setattr(benchmark, "short", lambda: ran)
    assert benchmark.known(None, wanted=True, is_here=True).document is ran
    assert benchmark.known(None, wanted=False, is_here=True).document is None


class Lame(Measurement):
    """One whose program is missing."""

    name = "lame"
    title = "a load that does not run"

    def steps(self) -> Iterator[Step]:
        yield Step("lame: try", 1, self._try)

    def _try(self) -> None:
        raise LoadError("a program is not installed\nat all")

    def result(self) -> Result:
        raise AssertionError


class Long(Lame):
    """One that takes its time."""

    name = "long"

    def steps(self) -> Iterator[Step]:
        yield Step("long: wait", benchmark.MOST + 1, self._try)


def test_a_short_run_leaves_out_what_takes_long_and_what_cannot_be(
    cluster: Cluster,
    secrets: Secrets,
    migrated_template: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each with its reason."""
    kinds = {kind.name: kind for kind in (Lame, Long, Hot)}
    monkeypatch.setattr(benchmark, "MEASUREMENTS", kinds)
    monkeypatch.setattr("deploy.bench.__main__.MEASUREMENTS", kinds)
    bench = Bench(
        cluster=cluster,
        secrets=secrets,
        template=migrated_template,
        logs=tmp_path,
        seconds=1,
        rounds=1,
        scale=Scale(parts=20, hot_connections=3),
    )

    def silent(steps: Sequence[Step]) -> Iterator[Step]:
        yield from steps

    try:
        found, left_out = benchmark.brief(bench, progress=silent)
    finally:
        cluster.drop_database("bench_hot")
    assert found.keys() == {"hot"}
    assert found["hot"][1].faults == []
    assert left_out == {
        "lame": "a program is not installed",
        "long": "takes 31 s and more; make bench measures it",
    }
