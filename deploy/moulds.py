"""Clusters that are made once and copied, for those who need many of the same.

initdb and Sqitch take seconds, a copy of what they made takes a moment. Where the
environment variable of that name gives a directory, as the tests do for one run, it
keeps one stopped cluster for each content, server and state of the sources.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import desired
from deploy.cluster import DATABASE, DEPLOYER, Cluster
from deploy.sqitch import migrate
from deploy.state import ROOT, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARIABLE = "SCRATCH_MOULDS"


@dataclass(frozen=True)
class Content:
    """What a new cluster holds besides its logins, and the files that decide it."""

    name: str
    fill: Callable[[Cluster], None]
    sources: tuple[Path, ...] = ()

    def digest(self) -> str:
        """A digest of the sources, by name and content."""
        digest = hashlib.sha256()
        for source in self.sources:
            for path in sorted(path for path in source.rglob("*") if path.is_file()):
                digest.update(f"\0{path.relative_to(source)}\0".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()


def _leave(_: Cluster) -> None:
    """Leave a cluster with its logins alone."""


EMPTY = Content("empty", _leave)


def migrated(root: Path = ROOT) -> Content:
    """A database made by Sqitch, as the deployer, from the tree at `root`."""

    def fill(cluster: Cluster) -> None:
        cluster.create_database(DATABASE)
        migrate(cluster.url(DEPLOYER), root=root)

    return Content("migrated", fill, (root / "migrations",))


def built(root: Path = ROOT) -> Content:
    """A database made from the desired state in the tree at `root`."""

    def fill(cluster: Cluster) -> None:
        cluster.create_database(DATABASE)
        desired.build(cluster.url(DEPLOYER), root=root)

    sources = tuple(root / name for name in desired.SOURCE_DIRECTORIES)
    return Content("built", fill, sources)


@dataclass(frozen=True)
class Moulds:
    """The clusters kept in `directory`; their copies share the passwords."""

    directory: Path

    @classmethod
    def current(cls) -> Moulds | None:
        """Those that the environment names, if it does."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named)) if named else None

    def passwords(self) -> dict[str, str]:
        path = self.directory / "secrets.json"
        if not path.exists():
            Secrets.generate().write(path)
        return Secrets.read(path).passwords

    def pour(self, content: Content, cluster: Cluster) -> None:
        """Give a cluster that was never started its files; make the mould if need be.

        Raises whatever stops the content from being made, and keeps nothing then.
        """
        with self._made(content, cluster) as mould:
            cluster.server.adopt(mould)

    @contextmanager
    def _made(self, content: Content, like: Cluster) -> Iterator[Path]:
        version = subprocess.run(
            [like.server.programs() / "postgres", "--version"],
            capture_output=True,
            check=True,
        ).stdout
        key = hashlib.sha256(version + content.digest().encode()).hexdigest()[:16]
        mould = self.directory / f"{content.name}-{key}"
        # Of several who need it at once, one makes it and the others wait.
        with mould.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not mould.exists():
                self._make(content, mould, like)
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield mould

    def _make(self, content: Content, mould: Path, like: Cluster) -> None:
        cluster = Cluster(
            self.directory / f"{mould.name}.new",
            passwords=self.passwords(),
            settings={"fsync": "off"},
            bin_dir=like.bin_dir,
            rounds=like.rounds,
        )
        try:
            if content is not EMPTY:
                self.pour(EMPTY, cluster)
            cluster.start()
            content.fill(cluster)
            cluster.stop()
            shutil.move(cluster.server.data, mould)
        finally:
            cluster.destroy()
