"""The plan as migrations of the Supabase CLI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner

from deploy import desired
from deploy.cluster import ADMINISTRATOR, DATABASE, DEPLOYER
from deploy.parity import difference
from deploy.scratch import scratch_cluster
from deploy.snapshot import entries
from deploy.supabase import (
    ExportError,
    File,
    batch,
    files,
    main,
    stamps,
    write,
)
from tests.test_migrations import PLATFORM, planned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.cluster import Cluster
    from deploy.snapshot import Entry

# The Supabase CLI's own history, and what belongs to the other project.
LEFT_OUT = {"supabase_migrations", "master"}

# A setting of this kind ends with the transaction in which it was made.
MARK = "SELECT pg_catalog.set_config('test.batch', 'whole', true);\n"
CHECK = """
DO $check$
BEGIN
    IF current_setting('test.batch', true) IS DISTINCT FROM 'whole' THEN
        RAISE EXCEPTION 'the migration ended its transaction';
    END IF;
END
$check$;
"""


@pytest.fixture(scope="module")
def made() -> list[File]:
    """The tenant's plan as the CLI's files."""
    return files()


@contextmanager
def supabase_project() -> Iterator[Cluster]:
    """A cluster whose database is prepared like a new Supabase project."""
    with scratch_cluster() as cluster:
        cluster.create_database(DATABASE)
        with psycopg.connect(cluster.url(DEPLOYER), autocommit=True) as connection:
            connection.execute(PLATFORM)
        yield cluster


def run_in_order(url: str, directory: Path) -> None:
    """Run each file as one batch, as the CLI does."""
    with psycopg.connect(url, autocommit=True) as connection:
        for path in sorted(directory.glob("*.sql")):
            connection.execute("RESET ALL")
            text = MARK + path.read_text(encoding="utf-8") + CHECK
            connection.execute(text.encode())


def push(url: str, directory: Path) -> None:
    """Have the real CLI run them: SUPABASE_BIN, or `supabase` on the PATH."""
    program = os.environ.get("SUPABASE_BIN") or shutil.which("supabase")
    if program is None:
        pytest.skip("no Supabase CLI here: SUPABASE_BIN names one (npm: supabase)")
    done = subprocess.run(
        [
            program,
            *("db", "push", "--yes", "--skip-vault"),
            f"--remote={url}?sslmode=disable",
            f"--workdir={directory.parent.parent}",
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory.parent),
            "DO_NOT_TRACK": "1",
            "SUPABASE_TELEMETRY_DISABLED": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tenant_entries(cluster: Cluster) -> list[Entry]:
    return [
        entry
        for entry in entries(cluster.url(ADMINISTRATOR))
        if not LEFT_OUT & {entry.schema, *entry.name.split()}
    ]


@pytest.mark.parametrize("apply", [run_in_order, push], ids=["batches", "real CLI"])
def test_a_supabase_project_gets_the_desired_state(
    apply: Callable[[str, Path], None], made: list[File], tmp_path: Path
) -> None:
    """Pushed to a new project, the export makes what the desired state makes there."""
    directory = tmp_path / "supabase" / "migrations"
    write(made, directory)
    with ExitStack() as stack:
        pushed, built = (stack.enter_context(supabase_project()) for _ in range(2))
        apply(pushed.url(DEPLOYER, tcp=True), directory)
        desired.build(built.url(DEPLOYER))
        left = difference(
            tenant_entries(pushed), tenant_entries(built), names=("pushed", "desired")
        )
        assert not left, left
        for change in planned("tenant"):
            change.run("verify", pushed.url(DEPLOYER))


def test_each_change_is_one_file_in_the_order_of_the_plan(made: list[File]) -> None:
    assert [file.change for file in made] == [
        change.name for change in planned("tenant")
    ]
    assert all(re.fullmatch(r"\d{14}_\w+\.sql", file.name) for file in made)
    assert all(one.name < other.name for one, other in pairwise(made))


def test_stamps_grow_where_a_merge_brought_older_lines() -> None:
    """Times that repeat or run backwards take the second after their predecessor."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    east = timezone(timedelta(hours=2))
    times = [
        noon,
        noon,
        noon - timedelta(days=1),
        datetime(2026, 3, 1, 15, tzinfo=east),
    ]
    expected = ["20260301120000", "20260301120001", "20260301120002", "20260301130000"]
    assert stamps(times) == expected


def test_appending_to_a_plan_alters_no_earlier_stamp() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    times = [noon, noon - timedelta(hours=1), noon]
    assert stamps([*times, noon - timedelta(days=9)])[:3] == stamps(times)


def test_words_in_bodies_texts_and_comments_are_not_transaction_control() -> None:
    body = (
        "-- ; COMMIT;\n"
        "DO $a$ BEGIN PERFORM 1; END $a$;\n"
        "COMMENT ON SCHEMA s IS 'x; ROLLBACK; it''s CONCURRENTLY';\n"
        '/* ; BEGIN; */ SELECT "; COMMIT; ";\n'
    )
    script = f"-- Deploy p:c to pg\n\nBEGIN;\n\n{body}\nCOMMIT;\n"
    assert batch(script, where="c.sql") == f"-- Deploy p:c to pg\n\n{body}"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("COMMIT;\nBEGIN;", "COMMIT"),
        ("SELECT 1; start  transaction;", "START TRANSACTION"),
        ("SAVEPOINT a;", "SAVEPOINT"),
        ("CREATE INDEX CONCURRENTLY i ON t (c);", "CONCURRENTLY"),
        ("VACUUM t;", "VACUUM"),
        ("ALTER SYSTEM SET a = 1;", "ALTER SYSTEM"),
        ("\\set x 1", r"\\SET"),
    ],
)
def test_what_a_batch_cannot_hold_is_refused(statement: str, named: str) -> None:
    with pytest.raises(ExportError, match=rf"c\.sql: {named}"):
        batch(f"BEGIN;\n{statement}\nCOMMIT;\n", where="c.sql")


def test_a_script_that_is_no_transaction_is_refused() -> None:
    """It was written so because it cannot run in one."""
    with pytest.raises(ExportError, match="not one transaction"):
        batch("CREATE INDEX i ON t (c);\n", where="c.sql")


def test_a_second_export_writes_only_what_is_new(
    made: list[File], tmp_path: Path
) -> None:
    """And leaves the project's own migrations alone."""
    own = tmp_path / "20200101000000_own.sql"
    own.write_text("SELECT 1;\n")
    assert len(write(made[:-1], tmp_path).new) == len(made) - 1
    told = write(made, tmp_path)
    assert told.new == [made[-1].name]
    assert told.unchanged == [file.name for file in made[:-1]]
    assert own.read_text() == "SELECT 1;\n"


def test_what_may_have_been_applied_is_not_rewritten(tmp_path: Path) -> None:
    made = [File("20260101000000", "a", "SELECT 1;\n"), File("20260102000000", "b", "")]
    (tmp_path / made[0].name).write_text("SELECT 2;\n")
    with pytest.raises(ExportError, match="differs from the plan"):
        write(made, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [made[0].name]


def test_a_stamp_that_another_migration_has_is_refused(tmp_path: Path) -> None:
    """Supabase's history has one row for each stamp."""
    (tmp_path / "20260101000000_own.sql").touch()
    with pytest.raises(ExportError, match="has the stamp"):
        write([File("20260101000000", "a", "SELECT 1;\n")], tmp_path)


def test_the_master_goes_where_it_is_told_and_nowhere_else(tmp_path: Path) -> None:
    runner = CliRunner()
    refused = runner.invoke(main, ["--project", "master"])
    assert (refused.exit_code, "--output" in refused.output) == (2, True)
    done = runner.invoke(main, ["--project", "master", "--output", str(tmp_path)])
    assert done.exit_code == 0, done.output
    names = [path.name.partition("_")[2] for path in sorted(tmp_path.iterdir())]
    assert names == [f"{change.name}.sql" for change in planned("master")]
