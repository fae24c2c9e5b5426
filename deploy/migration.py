"""Drafts a migration: the SQL that leads from the Sqitch plan to the desired state.

`results` compares the two databases and writes both directions. Each direction is
then tried on a throw-away database, and what still differs afterwards (what the tool
cannot see) is appended as commented SQL. The plan line is written by `sqitch add`.
The author reads, orders and finishes the draft: its verify script fails until then.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg

from deploy import draft
from deploy.parity import ERRORS, Built, Pair, difference, pair
from deploy.snapshot import HISTORY_SCHEMA, Entry
from deploy.sqitch import PROJECTS
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

# Sqitch takes the name and address only where the DBA has configured none; a bare
# container has no time zone, which it takes for an error.
_DEFAULTS = {
    "SQITCH_ORIG_FULLNAME": "Part Lens",
    "SQITCH_ORIG_EMAIL": "part-lens@localhost",
    "TZ": "UTC",
}


class MigrationError(Exception):
    """No migration can be drafted; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One Sqitch project of the source tree."""

    root: Path
    project: str

    @property
    def directory(self) -> Path:
        return self.root / "migrations" / self.project

    def changes(self) -> list[str]:
        """Return the names of the planned changes, first to last."""
        if not re.search(r"^[^\s#%]", self.text(), re.MULTILINE):
            # Sqitch takes a plan without changes for an error.
            return []
        return self._sqitch("plan", "--no-headers", "--format", "format:%n").split()

    def planned_at(self) -> list[datetime]:
        """Return when each change was planned, in the order of the plan."""
        form = "format:%{date:raw}p"
        told = self._sqitch("plan", "--no-headers", "--format", form)
        return [datetime.fromisoformat(time) for time in told.split()]

    def script(self, name: str, kind: str = "deploy") -> Path:
        """Return the path of a change's deploy, revert or verify script."""
        return self.directory / kind / f"{name}.sql"

    def title(self) -> str:
        """Return the project's name, as its scripts give it."""
        found = re.search(r"^%project=(\S+)", self.text(), re.MULTILINE)
        return found[1] if found else self.project

    def text(self) -> str:
        """Return the plan as it is written; MigrationError if there is none."""
        path = self.directory / "sqitch.plan"
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise MigrationError(f"{path} is missing") from None

    def add(self, name: str, *, note: str, requires: Iterable[str]) -> None:
        """Append a change; its three scripts come from Sqitch's templates."""
        options = [f"--requires={change}" for change in requires]
        self._sqitch("add", "--change", name, "--note", note, *options)

    def write(self, name: str, scripts: draft.Scripts) -> list[Path]:
        """Replace the scripts of a change; return their paths."""
        paths = [self.script(name, kind) for kind in ("deploy", "revert", "verify")]
        for path, text in zip(paths, scripts, strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    def _sqitch(self, *arguments: str) -> str:
        done = subprocess.run(
            ["sqitch", *arguments],
            cwd=self.directory,
            env=_DEFAULTS | dict(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MigrationError(done.stderr.strip() or done.stdout.strip())
        return done.stdout


def make(
    name: str, *, note: str = "", project: str = "tenant", root: Path = ROOT
) -> list[Path]:
    """Draft the change `name` in `project`; return the paths of its scripts.

    Raises MigrationError when the name is unusable or nothing differs, and one of
    parity.ERRORS when either database cannot be built. The plan is touched last.
    """
    plan = Plan(root=root, project=project)
    _refuse_name(name)
    planned = plan.changes()
    if name in planned:
        raise MigrationError(f"the plan has a change '{name}' already")
    with pair(root) as built:
        scripts = _scripts(built, change=f"{plan.title()}:{name}")
    requires = planned[-1:]
    plan.add(name, note=note or name.replace("_", " ").capitalize(), requires=requires)
    return plan.write(name, scripts.requiring(requires))


def _refuse_name(name: str) -> None:
    if not name:
        raise MigrationError("a migration needs a name: make migration NAME=add_x")
    if not re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", name):
        raise MigrationError(
            f"'{name}': use lower-case letters, digits and _, two of them or more, with"
            " a letter first and no _ last"
        )


def _scripts(built: Pair, *, change: str) -> draft.Scripts:
    old, new = built.migrated.entries(), built.desired.entries()
    if not difference(old, new):
        raise MigrationError("migrations and desired state do not differ")
    forward = _statements(built.migrated, built.desired)
    backward = _statements(built.desired, built.migrated)
    added = _columns(built.desired).keys() - _columns(built.migrated).keys()
    return draft.scripts(
        change=change,
        deploy=_direction(built.migrated, forward, target=new),
        revert=_direction(built.desired, backward, target=old),
        checks=draft.checks(old, new, columns=added),
    )


def _statements(source: Built, target: Built) -> list[str]:
    """Let `results` write what leads from `source` to `target`."""
    # Not annotated; and it takes as long to import as everything else.
    from results.dbdiff import Migration

    untyped: Any = Migration
    # Without a path every name is printed with its schema.
    path = "-c search_path=pg_catalog"
    with (
        psycopg.connect(source.url, options=path) as connection_from,
        psycopg.connect(target.url, options=path) as connection_to,
    ):
        migration = untyped(
            connection_from.cursor(),
            connection_to.cursor(),
            exclude_schema=HISTORY_SCHEMA,
        )
        migration.set_safety(False)
        migration.add_all_changes_ordered(privileges=True)
    # A revert that finds nothing to drop has gone wrong, and should say so.
    strict = (
        re.sub(r"\Adrop (\w+) if exists ", r"drop \1 ", statement.strip())
        for statement in migration.statements
    )
    # It has printed the creation of an enum type twice.
    statements = list(dict.fromkeys(strict))
    return draft.in_column_order(statements, _columns(target))


def _direction(
    source: Built, statements: list[str], *, target: tuple[Entry, ...]
) -> str:
    """Try the statements on `source`, which they change; say what they left over."""
    with psycopg.connect(source.deployer_url) as connection:
        worked, failed = _try(connection, statements)
    left_over = draft.hints(source.entries(), target)
    return draft.body(worked, failed=failed, left_over=left_over)


def _try(
    connection: psycopg.Connection, statements: list[str]
) -> tuple[list[str], dict[str, str]]:
    """Run statements, those that fail again after the others.

    Return what worked, in the order that worked, and the failures with their errors.
    """
    worked: list[str] = []
    pending = statements
    while pending:
        failed: dict[str, str] = {}
        for statement in pending:
            try:
                with connection.transaction():
                    connection.execute(statement.encode())
                worked.append(statement)
            except psycopg.Error as error:
                failed[statement] = str(error).strip()
        if len(failed) == len(pending):
            return worked, failed
        pending = [*failed]
    return worked, {}


def _columns(built: Built) -> dict[tuple[str, str, str], int]:
    """Return the place of each column (schema, relation, name) of ours."""
    query = """
        SELECT n.nspname, c.relname, a.attname, a.attnum
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm')
          AND NOT c.relispartition
          AND a.attnum > 0
          AND NOT a.attisdropped
          AND n.nspname !~ '^pg_'
          AND n.nspname NOT IN ('information_schema', %s)
    """
    with psycopg.connect(built.url) as connection:
        rows = connection.execute(query, [HISTORY_SCHEMA])
        return {(row[0], row[1], row[2]): row[3] for row in rows}


@click.command(help=__doc__)
@click.argument("name", default="")
@click.option("--note", default="", help="One sentence for the plan.")
@click.option(
    "--project",
    type=click.Choice(PROJECTS),
    default=PROJECTS[0],
    help="The Sqitch project that gets the change.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ROOT,
    help="The source tree; default: the one that this command belongs to.",
)
def main(name: str, note: str, project: str, root: Path) -> None:
    """Draft a migration and name its files."""
    root = root.resolve()
    try:
        paths = make(name, note=note, project=project, root=root)
    except (MigrationError, *ERRORS) as error:
        raise click.ClickException(str(error)) from error
    click.echo("Drafts to finish:")
    for path in paths:
        click.echo(f"  {path.relative_to(root)}")


if __name__ == "__main__":
    main()
