"""Migrations by real Sqitch: refusals in one line, and nothing half done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.cluster import DEPLOYER, UNREADABLE
from deploy.process import free_port
from deploy.sqitch import PROJECTS, libpq_environment
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.cluster import Cluster
    from tests.conftest import Database


def run(command: str, url: str, *options: str) -> tuple[int, str, str]:
    told = subprocess.run(
        [sys.executable, "-m", "deploy.sqitch", command, *options],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.returncode, told.stdout, told.stderr


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The name of a database without anything in it."""
    cluster.create_database("test_empty")
    yield "test_empty"
    cluster.drop_database("test_empty")


def is_untouched(cluster: Cluster, name: str) -> bool:
    with cluster.connect(name) as connection:
        row = connection.execute(
            """
            SELECT NOT EXISTS (
                SELECT FROM pg_catalog.pg_namespace
                 WHERE nspname !~ '^pg_'
                   AND nspname NOT IN ('information_schema', 'public')
            )
            """
        ).fetchone()
    return bool(row and row[0])


def test_a_database_that_does_not_answer_is_one_line() -> None:
    """The line names the address, and neither the password nor a traceback."""
    port = free_port()
    code, out, told = run("deploy", f"postgresql://dba:hunter22@127.0.0.1:{port}/x")
    assert (code, out) == (1, "")
    assert told.startswith("Error: ")
    assert told.count("\n") == 1
    assert str(port) in told
    assert "hunter22" not in told


def test_a_wrong_password_is_one_line(cluster: Cluster, empty: str) -> None:
    """And the database stays as it was."""
    url = cluster.url_with_password(DEPLOYER, "hunter22", empty)
    code, out, told = run("deploy", url)
    assert (code, out) == (1, "")
    assert told.count("\n") == 1
    assert "password authentication failed" in told
    assert "hunter22" not in told
    assert is_untouched(cluster, empty)


def test_a_missing_privilege_is_one_line(cluster: Cluster, empty: str) -> None:
    """What the user lacks is named before anything is done."""
    code, out, told = run("deploy", cluster.url("authenticator", empty))
    assert (code, out) == (1, "")
    assert told == (
        f"Error: authenticator may not migrate {empty}: it needs CREATEROLE"
        " and BYPASSRLS and CREATE on the database\n"
    )
    assert is_untouched(cluster, empty)


def test_a_deployer_whom_row_security_binds_is_refused(
    cluster: Cluster, empty: str
) -> None:
    """Before anything is done: the changes of data would fail half-way."""
    with cluster.connect() as connection:
        connection.execute(
            "CREATE ROLE test_bound LOGIN CREATEROLE PASSWORD 'hunter22'"
        )
        connection.execute(f"GRANT CREATE ON DATABASE {empty} TO test_bound")
    try:
        url = cluster.url_with_password("test_bound", "hunter22", empty)
        code, out, told = run("deploy", url)
        assert (code, out) == (1, "")
        assert told == (
            f"Error: test_bound may not migrate {empty}: it needs BYPASSRLS\n"
        )
        assert is_untouched(cluster, empty)
    finally:
        with cluster.connect(empty) as connection:
            connection.execute("DROP OWNED BY test_bound")
            connection.execute("DROP ROLE test_bound")


@pytest.mark.parametrize("command", ["status", "verify"])
def test_who_may_not_read_the_registry_is_told_so(
    database: Database, command: str
) -> None:
    """Sqitch takes a registry that it cannot read for one that needs an upgrade."""
    code, out, told = run(command, database.url("authenticator"))
    assert (code, out) == (1, "")
    assert told == (
        f"Error: authenticator may not examine {database.name}: it needs USAGE on"
        " Sqitch's registry, schema sqitch\n"
    )


def test_an_unusable_url_is_not_repeated() -> None:
    """What cannot be parsed may hold a password anywhere."""
    code, _, told = run("status", "hunter22 is not a url")
    assert code == 1
    assert told == f"Error: not a usable DATABASE_URL: {UNREADABLE}\n"
    assert "hunter22" not in told


def test_both_projects_are_deployed_and_verified(database: Database) -> None:
    """`status` lists both, and `verify` finds them as planned."""
    url = database.url(DEPLOYER)
    code, out, told = run("status", url)
    assert code == 0, told
    for project in PROJECTS:
        assert f"# Project:  part_lens_{project}" in out
    assert out.count("Nothing to deploy (up-to-date)") == len(PROJECTS)
    code, out, told = run("verify", url)
    assert code == 0, told
    assert out.count("Verify successful") == len(PROJECTS)


def test_a_second_deployment_changes_nothing(database: Database) -> None:
    """`make migrate` may be run at any time."""
    code, out, told = run("deploy", database.url(DEPLOYER))
    assert code == 0, told
    assert "  + " not in out


def test_reverted_it_can_be_deployed_again(fresh_database: Database) -> None:
    """Unattended, revert takes back everything but Sqitch's own registry."""
    url = fresh_database.url(DEPLOYER)
    code, _, told = run("revert", url)
    assert code == 0, told
    code, out, _ = run("status", url)
    assert code == 0
    assert out.count("No changes deployed") == len(PROJECTS)
    code, _, told = run("deploy", url)
    assert code == 0, told


@pytest.mark.parametrize("project", PROJECTS)
def test_a_dba_needs_nothing_of_ours(database: Database, project: str) -> None:
    """Plain Sqitch, in the project's folder, with libpq's own variables."""
    program = shutil.which("sqitch")
    assert program is not None
    told = subprocess.run(
        [program, "status"],
        cwd=ROOT / "migrations" / project,
        env={**os.environ, **libpq_environment(database.url(DEPLOYER))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "Nothing to deploy (up-to-date)" in told.stdout
