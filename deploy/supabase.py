"""Writes a Sqitch project as migrations of the Supabase CLI, one file for each change.

`supabase db push` sends each file as one batch in one transaction, together with the
row of its own history, so a file must not end that transaction: the BEGIN and COMMIT of
Sqitch's scripts are left out, and a script that controls transactions in any other way
is refused. It runs files in the order of their names, and refuses new ones that sort
before those it has run: the stamps come from the plan and grow from line to line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.migration import MigrationError, Plan
from deploy.sqitch import PROJECTS
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

STAMP = "%Y%m%d%H%M%S"
_NAME = re.compile(r"(?P<stamp>\d+)_.*\.sql")
_FRAME = re.compile(r"(?P<head>.*?)^BEGIN;\n(?P<body>.*)^COMMIT;\s*\Z", re.M | re.S)
# What may hold any word without meaning it: bodies, texts, names and comments.
_OPAQUE = re.compile(
    r"(?P<tag>\$\w*\$).*?(?P=tag)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*"
    r"|/\*.*?\*/",
    re.S,
)
_NOT_IN_A_BATCH = re.compile(
    r"(?:\A|;)\s*(?P<words>BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT"
    r"|SAVEPOINT|RELEASE|PREPARE\s+TRANSACTION|VACUUM|(?:CREATE|DROP)\s+DATABASE"
    r"|ALTER\s+SYSTEM|\\\w+)|\b(?P<concurrently>CONCURRENTLY)\b",
    re.I,
)


class ExportError(Exception):
    """Nothing was written; the message says why."""


@dataclass(frozen=True, order=True)
class File:
    """One migration as the Supabase CLI wants it."""

    stamp: str
    change: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.stamp}_{self.change}.sql"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What an export did: names of files that are new, and of those that were there."""

    new: list[str]
    unchanged: list[str]


def files(project: str = PROJECTS[0], *, root: Path = ROOT) -> list[File]:
    """The plan of `project` as migrations, in order.

    ExportError for a script that cannot be part of a batch; MigrationError if Sqitch
    cannot read the plan.
    """
    plan = Plan(root=root, project=project)
    planned = [(name, plan.script(name)) for name in plan.changes()]
    stamped = zip(stamps(plan.planned_at()), planned, strict=True)
    return [
        File(stamp, name, batch(path.read_text(encoding="utf-8"), where=path.name))
        for stamp, (name, path) in stamped
    ]


def stamps(times: Iterable[datetime]) -> list[str]:
    """One stamp for each planned time (with time zone), each greater than the last.

    Plans are merged, so that times may repeat or run backwards; such a change takes the
    second after its predecessor. What is appended to a plan alters no earlier stamp.
    """
    found: list[datetime] = []
    for time in times:
        utc = time.astimezone(UTC).replace(microsecond=0)
        found.append(max(utc, found[-1] + timedelta(seconds=1)) if found else utc)
    return [time.strftime(STAMP) for time in found]


def batch(script: str, *, where: str) -> str:
    """A deploy script without its transaction control.

    ExportError, naming `where`, if it has none, or any beyond BEGIN and COMMIT.
    """
    frame = _FRAME.fullmatch(script)
    if frame is None:
        raise ExportError(f"{where} is not one transaction from BEGIN; to COMMIT;")
    body = frame["body"].strip() + "\n"
    found = _NOT_IN_A_BATCH.search(_OPAQUE.sub(" ", body))
    if found:
        words = " ".join((found["words"] or found["concurrently"]).split())
        raise ExportError(f"{where}: {words.upper()} cannot be part of a migration")
    return f"{frame['head'].rstrip()}\n\n{body}"


def write(made: list[File], directory: Path) -> Written:
    """Write migrations into `directory`, beside those that others keep there.

    ExportError, with nothing written, where a file of ours has another text (it may
    have been applied as it is), or another migration has the same stamp.
    """
    directory.mkdir(parents=True, exist_ok=True)
    present = {path.name: path for path in directory.glob("*.sql")}
    ours = {file.stamp: file for file in made}
    for name in sorted(present):
        stamped = _NAME.fullmatch(name)
        if stamped and stamped["stamp"] in ours and ours[stamped["stamp"]].name != name:
            raise ExportError(f"{present[name]} has the stamp of another migration")
    changed = [
        file.name
        for file in made
        if file.name in present
        and present[file.name].read_text(encoding="utf-8") != file.text
    ]
    if changed:
        raise ExportError(
            f"{directory / changed[0]} differs from the plan: what may have been"
            " applied is not rewritten; remove it to have it written again"
        )
    new = [file for file in made if file.name not in present]
    for file in new:
        (directory / file.name).write_text(file.text, encoding="utf-8")
    return Written(
        new=[file.name for file in new],
        unchanged=[file.name for file in made if file.name in present],
    )


@click.command(help=__doc__)
@click.option(
    "--project",
    type=click.Choice(PROJECTS),
    default=PROJECTS[0],
    help="The Sqitch project; master is for a Supabase project of its own.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to; default for tenant: supabase/migrations.",
)
def main(project: str, output: Path | None) -> None:
    """Write the files and say what was written."""
    if output is None and project != PROJECTS[0]:
        # One folder is one history: the MASTER's and a tenant's are two.
        raise click.UsageError(f"--output says where the migrations of {project} go")
    output = output or ROOT / "supabase" / "migrations"
    try:
        written = write(files(project), output)
    except (ExportError, MigrationError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{output}: {len(written.new)} written, {len(written.unchanged)} there already"
    )


if __name__ == "__main__":
    main()
