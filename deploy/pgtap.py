"""Run the pgTAP files under pg_prove, in a database that nothing serves."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import click

from deploy import newer
from deploy.cluster import DATABASE
from deploy.moulds import migrated
from deploy.scratch import create_tap, scratch_cluster
from deploy.server import ServerError, client_path
from deploy.sqitch import SqitchError, libpq_environment
from deploy.state import ROOT

FILES = ROOT / "tests" / "pgtap"


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--server",
    type=int,
    help="PostgreSQL's major version; default: the newest server installed.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(server: int | None, arguments: tuple[str, ...]) -> None:
    """Run pg_prove over tests/pgtap; ARGUMENTS are its own, such as a single file."""
    program = shutil.which("pg_prove")
    if program is None:
        raise click.ClickException("pg_prove is not installed: `make bootstrap`")
    files = [] if any(Path(given).exists() for given in arguments) else [str(FILES)]
    try:
        with ExitStack() as stack:
            bin_dir = stack.enter_context(newer.programs(server)) if server else None
            cluster = stack.enter_context(scratch_cluster(migrated(), bin_dir=bin_dir))
            create_tap(cluster, "tap", template=DATABASE)
            with cluster.connect("tap") as connection:
                click.echo(f"PostgreSQL {connection.info.server_version // 10000}")
            url = cluster.url("postgres", "tap")
            result = subprocess.run(
                [program, "--ext", ".sql", "--recurse", *arguments, *files],
                env={**os.environ, **libpq_environment(url), "PATH": client_path()},
                check=False,
            )
    except (ServerError, SqitchError) as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(result.returncode)


if __name__ == "__main__":
    main()
