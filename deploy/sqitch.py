"""Run Sqitch on the migrations, after asking the database whether it can work.

Sqitch itself is the tool; a DBA may as well call it in `migrations/tenant` and
`migrations/master`. What this adds: the default database, a check beforehand that gives
one clear line, and a password that never stands on a command line.
"""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
from psycopg import pq

from deploy.cluster import DEPLOYER, first_line, start_embedded
from deploy.server import OLDEST, ServerError, client_path
from deploy.state import ROOT, StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("deploy", "verify", "revert", "status")
# Deployed in this order, reverted in the opposite one: the roles are the tenant's.
PROJECTS = ("tenant", "master")
CHANGES_THE_DATABASE = ("deploy", "revert")


class SqitchError(Exception):
    """The database cannot be worked on, or Sqitch failed; the text is one line."""


def sqitch(
    command: str,
    url: str,
    *,
    project: str,
    options: Sequence[str] = (),
    quiet: bool = False,
    root: Path = ROOT,
) -> None:
    """Run one Sqitch command of one project on the database at `url` (libpq).

    The project is that of the tree at `root`. `options` are Sqitch's own, after the
    command. With `quiet`, its output is kept for the error. SqitchError if it fails.
    """
    program = shutil.which("sqitch")
    if program is None:
        raise SqitchError("sqitch is not installed: `make bootstrap`")
    database = libpq_environment(url)["PGDATABASE"]
    result = subprocess.run(
        [program, command, *options, f"db:pg:{database}"],
        cwd=root / "migrations" / project,
        env=_environment(url),
        capture_output=quiet,
        text=True,
        check=False,
    )
    # `status` answers with 1 that nothing was deployed: that is no failure.
    if result.returncode and (command, result.returncode) != ("status", 1):
        told = f"\n{result.stdout}{result.stderr}" if quiet else ""
        raise SqitchError(f"sqitch {command} failed in migrations/{project}{told}")


def migrate(url: str, *, quiet: bool = True, root: Path = ROOT) -> None:
    """Deploy and verify both projects of the tree at `root` on the database at `url`.

    SqitchError, with nothing done, if the database is not fit for them.
    """
    probe(url, changing=True)
    for project in PROJECTS:
        sqitch("deploy", url, project=project, quiet=quiet, root=root)
    announce(url)


def probe(url: str, *, changing: bool) -> None:
    """SqitchError unless the database answers and allows to read or change it."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version // 10000
            missing = _missing_rights(connection, changing=changing)
            user = connection.info.user
            database = connection.info.dbname
    except psycopg.OperationalError as error:
        raise SqitchError(_without_password(first_line(error), url)) from error
    except psycopg.Error as error:
        raise SqitchError(f"not a usable DATABASE_URL: {first_line(error)}") from None
    if version < OLDEST:
        raise SqitchError(
            f"PostgreSQL {version} is too old: Part Lens needs {OLDEST} or newer"
        )
    if missing:
        raise SqitchError(
            f"{user} may not {'migrate' if changing else 'examine'} {database}:"
            f" it needs {' and '.join(missing)}"
        )


def announce(url: str) -> None:
    """Tell a gateway or PostgREST on this database that its schema has changed."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("NOTIFY pgrst, 'reload schema'")


def _missing_rights(connection: psycopg.Connection, *, changing: bool) -> list[str]:
    """What the login lacks; without the last, Sqitch takes its registry for an old one.

    Who reads needs that alone.
    """
    rights = connection.execute(
        """
        SELECT r.rolsuper OR r.rolcreaterole,
               r.rolsuper OR r.rolbypassrls,
               pg_catalog.has_database_privilege(current_database(), 'CREATE'),
               coalesce(
                   (SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                      FROM pg_catalog.pg_namespace AS n
                     WHERE n.nspname = 'sqitch'),
                   true
               )
          FROM pg_catalog.pg_roles AS r
         WHERE r.rolname = current_user
        """
    ).fetchone() or (False, False, False, False)
    needed = (
        "CREATEROLE",
        "BYPASSRLS",
        "CREATE on the database",
        "USAGE on Sqitch's registry, schema sqitch",
    )
    lacking = [what for what, held in zip(needed, rights, strict=True) if not held]
    return [what for what in lacking if changing or what == needed[-1]]


def libpq_environment(url: str) -> dict[str, str]:
    """The connection parameters as the environment variables that libpq reads."""
    found = {"PGDATABASE": os.environ.get("PGDATABASE", "")}
    for option in pq.Conninfo.parse(url.encode()):
        if option.val is not None and option.envvar is not None:
            found[option.envvar.decode()] = option.val.decode()
    found["PGDATABASE"] = found["PGDATABASE"] or found.get("PGUSER", "postgres")
    return found


def _environment(url: str) -> dict[str, str]:
    environment = {**os.environ, **libpq_environment(url), "PATH": client_path()}
    # Only where the DBA has configured none: Sqitch asks these after its own settings.
    environment.setdefault("SQITCH_ORIG_FULLNAME", "Part Lens")
    environment.setdefault("SQITCH_ORIG_EMAIL", "part-lens@localhost")
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        environment["LC_ALL"] = "C.UTF-8"
    # A bare container has no time zone, which Sqitch takes for an error.
    if not Path("/etc/localtime").exists():
        environment.setdefault("TZ", "UTC")
    return environment


def _without_password(text: str, url: str) -> str:
    password = libpq_environment(url).get("PGPASSWORD")
    return text.replace(password, "…") if password else text


@click.command()
@click.argument("command", type=click.Choice(COMMANDS))
@click.option(
    "--project",
    type=click.Choice(PROJECTS),
    help="Only this project instead of both.",
)
@click.option("--to", "change", help="Stop at this change or tag (needs --project).")
def main(command: str, project: str | None, change: str | None) -> None:
    """Run Sqitch's deploy, verify, revert or status on the database in DATABASE_URL.

    Without DATABASE_URL that is the embedded cluster, which is started for it.
    """
    if change and not project:
        raise click.UsageError("--to names a change of one project: give --project too")
    projects = [project] if project else [*PROJECTS]
    options = [f"--to-change={change}"] if change else []
    try:
        url = os.environ.get("DATABASE_URL") or start_embedded().url(DEPLOYER)
        probe(url, changing=command in CHANGES_THE_DATABASE)
        for name in reversed(projects) if command == "revert" else projects:
            sqitch(command, url, project=name, options=options)
        if command in CHANGES_THE_DATABASE:
            announce(url)
    except (ServerError, SqitchError, StateError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
