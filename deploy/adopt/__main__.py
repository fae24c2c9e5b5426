"""Take over one yacht of a database of the older design.

The old database is named by LEGACY_URL and only read; the new one is that of
DATABASE_URL, else of the embedded cluster. What is there already stays as it is, so
that this may be run again, after something was put right on either side.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from deploy.adopt.legacy import LegacyError, read
from deploy.adopt.plan import TRUST, make
from deploy.adopt.report import report
from deploy.adopt.target import AdoptError, adopt
from deploy.cluster import DEPLOYER, start_embedded
from deploy.importer import progress_bar
from deploy.server import ServerError
from deploy.sqitch import SqitchError, probe
from deploy.state import StateError

if TYPE_CHECKING:
    from uuid import UUID


@click.command(help=__doc__)
@click.option("--yacht", "yacht_id", type=click.UUID, required=True, help="Its id.")
@click.option("--name", help="Its name, where neither database knows it.")
@click.option("--schema", default="public", show_default=True, help="The old tables'.")
@click.option(
    "--trust",
    type=click.Choice(TRUST),
    help="Whose quantity counts where they disagree; default: nobody's, refuse it.",
)
@click.option(
    "--unplaced", help="A location for what lies nowhere; default: refuse it."
)
@click.option("--dry-run", is_flag=True, help="Do everything, then undo it.")
def main(
    yacht_id: UUID,
    name: str | None,
    schema: str,
    trust: str | None,
    unplaced: str | None,
    dry_run: bool,
) -> None:
    """End with 0 when all was taken, 1 when some was refused, 2 when nothing was."""
    try:
        # Not an option: a command line with a password is everybody's to read.
        source = os.environ.get("LEGACY_URL")
        if not source:
            raise LegacyError("LEGACY_URL is missing: it names the old database")
        url = os.environ.get("DATABASE_URL") or start_embedded().url(DEPLOYER)
        probe(url, changing=False)
        legacy = read(source, yacht_id, schema=schema)
        plan = make(legacy, trust=trust, unplaced=unplaced)
        with progress_bar("adopt", plan.steps()) as progress:
            outcome = adopt(
                url,
                yacht_id,
                plan,
                name=name or legacy.yacht_name,
                dry_run=dry_run,
                progress=progress,
            )
    except (AdoptError, LegacyError, ServerError, SqitchError, StateError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    for line in report(plan, outcome, dry_run=dry_run):
        click.echo(line)
    sys.exit(1 if outcome.refused else 0)


if __name__ == "__main__":
    main()
