"""Clusters that are copied: as good as new, and made once."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from deploy import scratch
from deploy.cluster import DATABASE
from deploy.moulds import VARIABLE, Content, migrated
from deploy.scratch import roomy, scratch_cluster
from deploy.server import TOTP_KEY, ServerError, client_path, find_programs
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deploy.cluster import Cluster


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """What decides the content of a test's own."""
    directory = tmp_path / "sources"
    directory.mkdir()
    return directory


@pytest.fixture
def content(sources: Path) -> tuple[Content, list[Cluster]]:
    """A database of that name, and the clusters in which it was made."""
    filled: list[Cluster] = []

    def fill(cluster: Cluster) -> None:
        filled.append(cluster)
        cluster.create_database("poured")

    # No other run of this test knows this content.
    (sources / "a.sql").write_text(str(sources), encoding="utf-8")
    return Content("test", fill, (sources,)), filled


def test_content_is_made_once(content: tuple[Content, list[Cluster]]) -> None:
    """Also for several who want it at the same time."""
    wanted, filled = content

    def take(_: int) -> bool:
        with scratch_cluster(wanted) as cluster:
            return cluster.has_database("poured")

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(take, range(2))] == [True, True]
    assert len(filled) == 1


def test_other_sources_make_another_content(
    content: tuple[Content, list[Cluster]], sources: Path
) -> None:
    """A file with another text, or of another name."""
    wanted, filled = content
    for change in (
        lambda: None,
        lambda: (sources / "a.sql").write_text(f"{sources} again", encoding="utf-8"),
        lambda: (sources / "a.sql").rename(sources / "b.sql"),
    ):
        change()
        with scratch_cluster(wanted):
            pass
    assert len(filled) == 3


def test_without_moulds_each_cluster_is_made(
    content: tuple[Content, list[Cluster]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user's `make parity` does."""
    wanted, filled = content
    monkeypatch.delenv(VARIABLE)
    for made in (1, 2):
        with scratch_cluster(wanted) as cluster:
            assert cluster.has_database("poured")
            assert filled[-1] == cluster
        assert len(filled) == made


def test_nothing_is_kept_of_what_fails(sources: Path) -> None:
    """Its error is the caller's, and the next one tries again."""
    (sources / "a.sql").write_text(str(sources), encoding="utf-8")
    tried: list[Cluster] = []

    def fail(cluster: Cluster) -> None:
        tried.append(cluster)
        raise RuntimeError("it does not build")

    for _ in range(2):
        with (
            pytest.raises(RuntimeError, match="does not build"),
            scratch_cluster(Content("test", fail, (sources,))),
        ):
            pytest.fail("there is no such cluster")
    assert len(tried) == 2
    assert not any(cluster.directory.exists() for cluster in tried)


def test_copies_have_nothing_in_common() -> None:
    """Neither data nor the key that encrypts the secrets of authenticators."""
    with scratch_cluster(migrated()) as one, scratch_cluster(migrated()) as other:
        with one.connect(DATABASE) as connection:
            connection.execute("CREATE TABLE public.one ()")
        with other.connect(DATABASE) as connection:
            found = connection.execute("SELECT to_regclass('public.one')").fetchone()
        assert found == (None,)
        keys = [(cluster.server.data / TOTP_KEY).resolve() for cluster in (one, other)]
        assert [key.parent for key in keys] == [
            cluster.server.data.parent for cluster in (one, other)
        ]
        assert keys[0].read_bytes() != keys[1].read_bytes()


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    with scratch_cluster() as cluster:
        with pytest.raises(ServerError, match="has a server already"):
            cluster.server.adopt(tmp_path)
        assert cluster.is_running()


def test_who_says_where_gets_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/somewhere")
    assert roomy() is None


@pytest.mark.skipif(sys.platform == "darwin", reason="it has no directory in memory")
def test_memory_that_is_short_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "_ROOM", 1)
    assert roomy() == tmp_path
    monkeypatch.setattr(scratch, "_ROOM", 2**60)
    assert roomy() is None
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path / "absent")
    assert roomy() is None


@pytest.fixture
def psql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Puts a link of that name, to a program of another one, on the PATH."""

    def install(target: str) -> str:
        (tmp_path / target).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / target).chmod(0o755)
        if target != "psql":
            (tmp_path / "psql").symlink_to(tmp_path / target)
        path = f"{tmp_path}{os.pathsep}{ROOT}"
        monkeypatch.setenv("PATH", path)
        return path

    return install


def test_debians_wrapper_is_stepped_over(psql: Callable[[str], str]) -> None:
    path = psql("pg_wrapper")
    assert client_path() == f"{find_programs()}{os.pathsep}{path}"


def test_any_other_psql_on_the_path_is_used(psql: Callable[[str], str]) -> None:
    assert psql("psql") == client_path()
