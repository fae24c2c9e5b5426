"""The lists of the desired state: complete, ordered, and clear about mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy.cluster import DEPLOYER
from deploy.desired import DesiredStateError, build, source_files
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.cluster import Cluster


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes a source tree: `files` by path, and the lines of the tenant's list."""

    def write(files: dict[str, str], listed: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (tmp_path / "sql").mkdir(exist_ok=True)
        (tmp_path / "sql" / "tenant.list").write_text(listed, encoding="utf-8")
        (tmp_path / "sql" / "master.list").write_text("", encoding="utf-8")
        return tmp_path

    return write


def test_lists_of_this_repository_are_complete() -> None:
    """Every source file is named, or the build would leave it out."""
    assert source_files(ROOT)


def test_order_is_that_of_the_list_and_globs_skip_what_came_before(
    tree: Callable[..., Path],
) -> None:
    """The one file that must come first may be followed by a glob for the rest."""
    files = dict.fromkeys(("sql/z.sql", "sql/a.sql", "rpc/b.sql"), "")
    root = tree(files, "rpc/*.sql  # first\n\nsql/z.sql\nsql/*.sql\n")
    assert source_files(root) == (
        Path("rpc/b.sql"),
        Path("sql/z.sql"),
        Path("sql/a.sql"),
    )


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("sql/a.sql", r"named by no list in sql/: policies/b\.sql"),
        ("sql/a.sql\npolicies/*.sql\nrpc/*.sql", r"tenant\.list:3: 'rpc/\*\.sql'"),
        ("sql/a.sql\n*/b.sql\nsql/a.sql", r"tenant\.list:3: .* is listed already"),
        ("../a.sql", "leaves the repository"),
    ],
)
def test_mistake_in_a_list_is_named(
    tree: Callable[..., Path], listed: str, message: str
) -> None:
    """A list that says less, or more, than there is stops the build."""
    root = tree({"sql/a.sql": "", "policies/b.sql": ""}, listed)
    with pytest.raises(DesiredStateError, match=message):
        source_files(root)


def test_failing_statement_is_shown_with_file_and_line_and_undone(
    tree: Callable[..., Path], cluster: Cluster
) -> None:
    """The build is one transaction, and says where it broke."""
    files = {"sql/a.sql": "CREATE TABLE a ();\n", "sql/b.sql": "\nSELECT wrong;\n"}
    root = tree(files, "sql/*.sql")
    cluster.create_database("broken")
    with pytest.raises(DesiredStateError, match=r"sql/b\.sql:2: ERROR"):
        build(cluster.url(DEPLOYER, "broken"), root=root)
    with cluster.connect("broken") as connection:
        found = connection.execute("SELECT to_regclass('public.a')").fetchone()
    assert found == (None,)
    cluster.drop_database("broken")


def test_file_that_commits_is_refused(
    tree: Callable[..., Path], cluster: Cluster
) -> None:
    """A COMMIT in a file would leave half a build behind a later mistake."""
    root = tree({"sql/a.sql": "SELECT 1;\nCOMMIT;\n"}, "sql/*.sql")
    cluster.create_database("committed")
    with pytest.raises(DesiredStateError, match="ended the transaction"):
        build(cluster.url(DEPLOYER, "committed"), root=root)
    cluster.drop_database("committed")


def test_password_is_no_argument(
    monkeypatch: pytest.MonkeyPatch, tree: Callable[..., Path], cluster: Cluster
) -> None:
    """Arguments are seen by everyone on the machine; the environment is not."""
    root = tree({"sql/a.sql": "SELECT 1;"}, "sql/*.sql")
    cluster.create_database("silent")
    url = cluster.url(DEPLOYER, "silent")
    password = psycopg.conninfo.conninfo_to_dict(url)["password"]
    build(url, root=root)
    log = root / "arguments"
    (root / "psql").write_text(f'#!/bin/sh\necho "$@" > {log}\n', encoding="utf-8")
    (root / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", str(root), prepend=":")
    build(url, root=root)
    assert "sql/a.sql" in log.read_text(encoding="utf-8")
    assert str(password) not in log.read_text(encoding="utf-8")
    cluster.drop_database("silent")
