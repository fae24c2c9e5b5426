"""The same migrations and pgTAP files on a newer major version of PostgreSQL."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy import newer
from deploy.cluster import DATABASE, DEPLOYER
from deploy.moulds import migrated
from deploy.pgtap import FILES
from deploy.scratch import scratch_cluster
from deploy.server import OLDEST, ServerError
from deploy.sqitch import PROJECTS, sqitch
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAJOR = newer.wheel_version()

needs_wheel = pytest.mark.skipif(
    MAJOR is None, reason="no newer server: `deploy/bootstrap test`"
)


@pytest.fixture
def programs() -> Iterator[Path]:
    assert MAJOR is not None
    with newer.programs(MAJOR) as bin_dir:
        yield bin_dir


@needs_wheel
def test_all_pgtap_files_pass() -> None:
    """Each of them is run, on the server that was asked for."""
    assert MAJOR is not None
    assert MAJOR > OLDEST
    done = subprocess.run(
        [sys.executable, "-m", "deploy.pgtap", "--server", str(MAJOR)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(r"^Files=(\d+), ", done.stdout, re.MULTILINE)
    assert counted is not None, done.stdout
    assert int(counted[1]) == len([*FILES.rglob("*.sql")])
    assert done.stdout.startswith(f"PostgreSQL {MAJOR}\n")


@needs_wheel
def test_a_revert_leaves_nothing_there_either(programs: Path) -> None:
    """Memberships in roles have options of their own since PostgreSQL 16."""
    with scratch_cluster(migrated(), bin_dir=programs) as cluster:
        url = cluster.url(DEPLOYER)
        for project in reversed(PROJECTS):
            sqitch("revert", url, project=project, options=["-y"], quiet=True)
        with cluster.connect(DATABASE) as connection:
            left = connection.execute(
                """
                SELECT n.nspname FROM pg_catalog.pg_namespace AS n
                WHERE n.nspname !~ '^pg_'
                  AND n.nspname NOT IN ('information_schema', 'public', 'sqitch')
                UNION ALL
                SELECT r.rolname FROM pg_catalog.pg_roles AS r
                WHERE r.rolname IN ('pms_owner', 'pms_rpc', 'anon', 'authenticated')
                """
            ).fetchall()
        assert left == []


def test_a_version_that_is_not_here_is_one_line() -> None:
    with (
        pytest.raises(ServerError, match="no PostgreSQL 99 here"),
        newer.programs(99),
    ):
        pass
