"""What an operator asks and says, on a database of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner

from deploy.cluster import DEPLOYER, UNREADABLE
from deploy.operate import life_lines, main
from tests.fleet import launch, manned
from tests.making import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database

    Operate = Callable[..., tuple[int, str]]


@pytest.fixture
def operate(database: Database, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Runs a command on the database; its exit code and all that it said."""
    monkeypatch.setenv("DATABASE_URL", database.url(DEPLOYER))

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return run


@pytest.fixture(scope="module", autouse=True)
def yacht(database: Database) -> None:
    with manned(database.url(DEPLOYER)) as fleet:
        launch(fleet, 10)


def test_a_new_installation_has_everybody_in(
    fresh_database: Database, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", fresh_database.url(DEPLOYER))
    with manned(fresh_database.url(DEPLOYER)) as fleet:
        launch(fleet, 10)
    code, told = operate("canary")
    assert code == 0
    assert told.startswith("part_lens_v2: 100 %, since ")
    assert "1 of 1 yachts are in\nNobody has started the ramp" in told
    assert "NOBODY TICKS (stocks compared with the ledger: never)" in told
    assert "NOBODY DECIDES" not in told
    assert "p95_ms" in told
    assert "not enough data" in told
    assert told.endswith("Last decisions\n  none yet\n")


def test_an_operator_sets_the_percentage_and_is_on_record(operate: Operate) -> None:
    code, told = operate(
        "canary-set", "5", "--reason", "let's begin; \"now\" 'or' $HOME"
    )
    assert code == 0
    assert "set  100 > 5 %  part_lens_deployer  let's begin; \"now\" 'or' $HOME" in told
    code, told = operate("canary")
    assert told.startswith("part_lens_v2: 5 %, since ")
    assert "Next: 20 %, not before " in told
    assert "let's begin" in told
    assert operate("tick")[0] == 0
    assert "the step has not soaked yet" in operate("canary")[1]
    assert operate("canary-set", "0", "--reason", "stop", "--off")[0] == 0
    assert operate("canary")[1].startswith("part_lens_v2: 0 %, switched off, since ")
    assert operate("canary-set", "100", "--reason", "v1 is gone", "--no-watch")[0] == 0
    assert "has been ended" in operate("canary")[1]


@pytest.mark.parametrize(
    "arguments", [("101", "--reason", "x"), ("5",), ("5", "--reason", " ")]
)
def test_what_cannot_be_set_is_refused(
    operate: Operate, arguments: tuple[str, ...]
) -> None:
    code, told = operate("canary-set", *arguments)
    assert code != 0
    assert "Traceback" not in told
    assert "100 %" in operate("canary", "--decisions", "0")[1]


def test_reconcile_says_what_it_looked_at(operate: Operate, database: Database) -> None:
    """And ends with 1 when a cache was wrong."""
    assert operate("reconcile") == (
        0,
        "pass: 1 stocks of 1 yachts, 0 wrong, 0 repaired\n",
    )
    with psycopg.connect(database.url(DEPLOYER)) as connection:
        connection.execute("UPDATE public.pms_inventory_stock SET quantity = 9")
    assert operate("reconcile") == (
        1,
        "fail: 1 stocks of 1 yachts, 1 wrong, 1 repaired\n",
    )
    assert operate("reconcile")[0] == 0


def test_readiness_is_a_line_for_each_criterion(operate: Operate) -> None:
    """And ends with 1 while one does not pass."""
    code, told = operate("readiness")
    assert code == 1
    heading, *rows, verdict = told.splitlines()
    assert heading.split() == ["Criterion", "Figure", "Must", "be", "Verdict"]
    assert len(rows) == 15
    assert verdict.startswith("The version before cannot be retired yet: ")
    assert "Days at 100 %" in told
    assert "not enough data" in told


def test_a_tick_is_a_line_of_json(operate: Operate) -> None:
    code, told = operate("tick")
    assert code == 0
    assert json.loads(told)["decision"] == "hold"
    assert "Stocks compared with the ledger 0 seconds ago" in operate("canary")[1]


def test_one_yacht_does_not_stand_for_all(
    fresh_database: Database, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reconciles it has not ticked."""
    monkeypatch.setenv("DATABASE_URL", fresh_database.url(DEPLOYER))
    with manned(fresh_database.url(DEPLOYER)) as fleet:
        ship = launch(fleet, 1)
        fleet.rows("SELECT private.reconcile(clock_timestamp(), %s)", [ship.yacht_id])
    told = operate("canary")[1]
    assert "NOBODY TICKS (stocks compared with the ledger: never)" in told


@pytest.mark.parametrize(
    ("decided", "reconciled", "old", "watched", "told"),
    [
        (119, 7199, 0, True, ["Decided 1 minute ago", "Stocks 1 hour ago"]),
        (121, 7201, 0, True, ["NOBODY DECIDES 2 minutes ago", "NOBODY TICKS 2 hours"]),
        (86400, 1, 0, False, ["Decided 1 day ago", "Stocks 1 second ago"]),
        (None, 1, 0, True, ["NOBODY DECIDES never", "Stocks 1 second ago"]),
        (None, None, 1234, False, ["NOBODY TICKS never 1,234 windows"]),
    ],
)
def test_whether_anybody_decides_and_ticks(
    decided: float | None,
    reconciled: float | None,
    old: int,
    watched: bool,
    told: list[str],
) -> None:
    """A ramp is decided upon every minute, stocks are looked at every hour."""
    life = {"decided": decided, "reconciled": reconciled, "old_windows": old}
    lines = [*life_lines(life, watched=watched)]
    for line, words in zip(lines, told, strict=True):
        for word in words.split(" "):
            assert word in line


def test_make_hands_a_reason_on_as_it_was_typed(
    operate: Operate, database: Database
) -> None:
    """Neither make nor the shell expands it."""
    reason = "it's $HOME, $(shell echo x) and `id`"
    done = make(
        # Without bootstrap, which may make the environment of these tests anew.
        *("-s", "-o", "bootstrap", "canary-set"),
        *("PERCENT=100", f"REASON={reason}"),
        DATABASE_URL=database.url(DEPLOYER),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith(reason)
    assert reason in operate("canary")[1]


@pytest.mark.parametrize("command", ["canary", "tick"])
def test_an_unreadable_url_is_not_repeated(
    command: str, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libpq quotes what it cannot read, which is most likely a part of a password."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter%zz22@127.0.0.1/x")
    assert operate(command) == (1, f"Error: {UNREADABLE}\n")


def test_a_database_without_part_lens_is_one_line(
    operate: Operate, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.cluster.url(DEPLOYER, "postgres")
    monkeypatch.setenv("DATABASE_URL", url)
    assert operate("canary") == (
        1,
        "Error: Part Lens is not deployed: `make migrate`\n",
    )
