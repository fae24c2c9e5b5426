"""Fails unless the migrations and the desired state make the same database.

Two clusters are started in temporary directories, since roles belong to a cluster:
one is migrated by Sqitch, the other built from `sql/`, `policies/` and `rpc/`, both by
the deployer, who is no superuser. What differs is printed as a unified diff.
"""

from __future__ import annotations

import difflib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.cluster import ADMINISTRATOR, DATABASE, DEPLOYER, Cluster
from deploy.desired import DesiredStateError
from deploy.moulds import built, migrated
from deploy.scratch import scratch_cluster
from deploy.server import ServerError
from deploy.snapshot import Entry, SnapshotError, entries
from deploy.sqitch import SqitchError
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deploy.moulds import Content

ERRORS = (ServerError, DesiredStateError, SnapshotError, SqitchError)


class NotCompared(click.ClickException):
    """A database could not be built or read: neither the same nor different."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Built:
    """One database in a cluster of its own, until the pair is left."""

    cluster: Cluster

    @property
    def deployer_url(self) -> str:
        return self.cluster.url(DEPLOYER, DATABASE)

    @property
    def url(self) -> str:
        """The superuser's URL: comparing must see everything."""
        return self.cluster.url(ADMINISTRATOR, DATABASE)

    def entries(self) -> tuple[Entry, ...]:
        """Read everything in the database and its cluster."""
        return entries(self.url)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The database as the migrations make it, and as the desired state does."""

    migrated: Built
    desired: Built


@contextmanager
def pair(root: Path = ROOT) -> Iterator[Pair]:
    """Build both databases from the tree at `root`; they vanish at the end.

    Raises what stopped either build, one of ERRORS.
    """
    with ExitStack() as stack:

        def made(content: Content) -> Built:
            return Built(cluster=stack.enter_context(scratch_cluster(content)))

        # The pool ends before the clusters do, whatever fails.
        with ThreadPoolExecutor(2) as threads:
            both = [threads.submit(made, c) for c in (migrated(root), built(root))]
        left, right = (one.result() for one in both)
        yield Pair(migrated=left, desired=right)


def difference(
    left: Iterable[Entry],
    right: Iterable[Entry],
    *,
    names: tuple[str, str] = ("migrated", "desired"),
) -> str:
    """Return a unified diff, one file per differing entry; empty when none does."""
    lefts = {entry.label: entry.text for entry in left}
    rights = {entry.label: entry.text for entry in right}
    lines: list[str] = []
    for label in sorted(lefts.keys() | rights.keys()):
        lines += difflib.unified_diff(
            lefts.get(label, "").splitlines(),
            rights.get(label, "").splitlines(),
            fromfile=f"{names[0]}/{label}",
            tofile=f"{names[1]}/{label}",
            lineterm="",
        )
    return "".join(f"{line}\n" for line in lines)


@click.command(help=__doc__)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ROOT,
    help="The source tree; default: the one that this command belongs to.",
)
def main(root: Path) -> None:
    """Compare and report; exit status 0 for the same, 1 for different, 2 for failed."""
    try:
        with pair(root.resolve()) as both:
            sides = (both.migrated.entries(), both.desired.entries())
    except ERRORS as error:
        raise NotCompared(str(error)) from error
    found = difference(*sides)
    if found:
        click.echo(found, nl=False)
        raise SystemExit(1)
    click.echo(f"Migrations and desired state agree on {len(sides[0])} entries.")


if __name__ == "__main__":
    main()
