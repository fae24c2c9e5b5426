"""`python -m evidence.collector`: examine every claim and write the bundle."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg

from deploy.background import ServiceError
from deploy.bench.__main__ import demand_place, shown
from deploy.bench.measurement import Step
from deploy.cluster import first_line
from deploy.server import ServerError
from deploy.sqitch import SqitchError
from deploy.state import ROOT, StateError
from evidence.collector import (
    acceptance,
    benchmark,
    bundle,
    catalogue,
    movements,
    page,
    people,
    scan,
    storage,
    stress,
)
from evidence.collector.ground import UnreadyError, boarded, demand_no_ramp
from evidence.collector.installation import Installation, installation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evidence.collector.claims import Claim
    from evidence.collector.ground import Ground

# In the order in which they are examined: parity and drift of all that was done.
CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for claim in (
        *acceptance.CLAIMS,
        *movements.CLAIMS,
        *people.CLAIMS,
        *storage.CLAIMS,
        *catalogue.CLAIMS,
        *stress.CLAIMS,
        *benchmark.CLAIMS,
        *scan.CLAIMS,
        *catalogue.LAST,
    )
}

TOLD: dict[bool | None, str] = {
    True: "holds",
    False: "FAILS",
    None: "not measured",
}


def examine(ground: Ground, claims: Sequence[Claim]) -> bundle.Findings:
    """What was found of each claim, with a progress bar."""
    findings: bundle.Findings = {}

    def judge(claim: Claim) -> None:
        findings[claim.name] = claim.judged(ground)

    steps = [Step(claim.name, claim.seconds, partial(judge, claim)) for claim in claims]
    for step in shown(steps):
        step.run()
    return findings


def collect(
    found: Installation,
    output: Path,
    claims: Sequence[Claim],
    **more: Any,
) -> bundle.Findings:
    """Examine claims and write the bundle; what was found of each."""
    with (
        psycopg.connect(found.database_url, autocommit=True) as database,
        found.tenancy() as tenancy,
        boarded(
            found.url, found.jwt_secret, database, tenancy=tenancy, **more
        ) as ground,
    ):
        # Else times would depend on where the evidence is taken.
        database.execute("SET TimeZone = 'UTC'")
        facts = bundle.facts(database, sys.argv[1:])
        facts["command"] = ["python", "-m", "evidence.collector", *sys.argv[1:]]
        findings = examine(ground, claims)
        bundle.write(
            output,
            findings,
            page=page.rendered(findings, facts),
            facts=facts,
            secrets=ground.secrets(),
        )
    return findings


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what may go wrong into a message and exit code 1."""
    try:
        yield
    except psycopg.Error as error:
        raise click.ClickException(first_line(error)) from None
    except (
        benchmark.BenchFileError,
        bundle.SecretError,
        OSError,
        ServerError,
        ServiceError,
        SqitchError,
        StateError,
        UnreadyError,
        ValueError,
    ) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option(
    "--only",
    type=click.Choice(list(CLAIMS)),
    multiple=True,
    help="A claim; may be given several times. Default: all.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "evidence" / "bundle",
    help="Where the bundle goes. Default: evidence/bundle.",
)
@click.option(
    "--calls", type=click.IntRange(1, 100_000), default=500, show_default=True
)
@click.option("--workers", type=click.IntRange(1, 64), default=10, show_default=True)
@click.option(
    "--bench",
    "bench_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The JSON of a `make bench` to be part of it. Default: evidence/bench.json if"
    " it is of this commit, else a short run where the installation is the one here.",
)
@click.option("--no-bench", is_flag=True, help="No benchmark: it is not measured then.")
def main(
    only: tuple[str, ...],
    output: Path,
    calls: int,
    workers: int,
    bench_file: Path | None,
    *,
    no_bench: bool,
) -> None:
    """Examine every claim on a live installation and write the bundle.

    Which one say PART_LENS_URL, DATABASE_URL (its deployer's) and JWT_SECRET, and of
    several tenants TENANT and MASTER_DATABASE_URL (MASTER's deployer's); without them
    it is the one here. Ends with 1 when a claim does not hold.
    """
    claims = [claim for name, claim in CLAIMS.items() if not only or name in only]
    demand_place(output / bundle.PAGE)
    with one_line_errors():
        found = installation()
        # Not after a benchmark, which takes longest.
        with psycopg.connect(found.database_url, autocommit=True) as database:
            demand_no_ramp(database)
        # Before anybody is aboard: it has nothing to do with them.
        speed = benchmark.known(
            bench_file,
            wanted=not no_bench and any(claim.name == "bench" for claim in claims),
            is_here=found.is_here,
        )
        findings = collect(
            found, output, claims, calls=calls, workers=workers, speed=speed
        )
    for claim in claims:
        told = TOLD[findings[claim.name]["holds"]]
        click.echo(f"{told:<12}  {claim.name:<18}  {claim.sentence}")
    measured = findings.get("bench", {}).get("evidence", {})
    for target in measured.get("missed_targets", ()):
        click.echo(f"MISSED        target of speed     {target}")
    click.echo(f"{output / bundle.PAGE}")
    sys.exit(any(found["holds"] is False for found in findings.values()))


if __name__ == "__main__":
    main()
