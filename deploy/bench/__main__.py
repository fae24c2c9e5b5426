"""`python -m deploy.bench`: measure, print a table, write JSON."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import click

from deploy.background import ServiceError
from deploy.bench import report
from deploy.bench.calls import Hand, Hot
from deploy.bench.endurance import Endurance
from deploy.bench.gateway import Gateway
from deploy.bench.ground import prepared
from deploy.bench.load import LoadError
from deploy.bench.signatures import Signatures, UnexpectedAnswerError
from deploy.bench.single import Depth, Queries
from deploy.desired import DesiredStateError
from deploy.server import ServerError
from deploy.sqitch import SqitchError
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deploy.bench.measurement import Bench, Measurement, Result, Step

MEASUREMENTS: dict[str, type[Measurement]] = {
    kind.name: kind
    for kind in (Gateway, Endurance, Hand, Hot, Depth, Queries, Signatures)
}


def measure(
    bench: Bench,
    names: Sequence[str],
    *,
    progress: Callable[[Sequence[Step]], Iterator[Step]],
) -> dict[str, tuple[str, Result]]:
    """Carry the named measurements out; each one's title and result, by name.

    `progress` hands the steps through, one by one, and tells of them.
    """
    measurements = [MEASUREMENTS[name](bench) for name in names]
    steps = [step for measurement in measurements for step in measurement.steps()]
    with bench.stack:
        for step in progress(steps):
            step.run()
    return {m.name: (m.title, m.result()) for m in measurements}


def shown(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, with a bar on a terminal and a line for each elsewhere."""
    if not sys.stderr.isatty():
        for number, step in enumerate(steps, 1):
            click.echo(f"[{number}/{len(steps)}] {step.title}", err=True)
            yield step
        return
    with click.progressbar(
        length=sum(max(1, round(step.seconds)) for step in steps),
        item_show_func=lambda title: title,
        file=sys.stderr,
    ) as bar:
        for step in steps:
            bar.update(0, step.title)
            bar.render_progress()
            yield step
            bar.update(max(1, round(step.seconds)), step.title)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what may go wrong into a message and exit code 1."""
    try:
        yield
    except (
        DesiredStateError,
        LoadError,
        ServerError,
        ServiceError,
        SqitchError,
        UnexpectedAnswerError,
    ) as error:
        raise click.ClickException(str(error)) from error


def demand_place(file: Path) -> None:
    """Before minutes of work, ClickException if a file cannot be made there.

    Folders that are missing are made when there is something to put into them.
    """
    there = next(folder for folder in file.absolute().parents if folder.is_dir())
    try:
        TemporaryFile(dir=there).close()
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}") from None


@click.command()
@click.option("--seconds", type=click.IntRange(1, 600), default=10, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 99), default=3, show_default=True)
@click.option(
    "--only",
    type=click.Choice(list(MEASUREMENTS)),
    multiple=True,
    help="A measurement; may be given several times. Default: all.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=ROOT / "evidence" / "bench.json",
    help="Where the JSON goes. Default: evidence/bench.json.",
)
@click.option(
    "--desired",
    is_flag=True,
    help="Measure sql/, policies/ and rpc/ as they are now, not the migrations.",
)
def main(
    *, seconds: int, rounds: int, only: tuple[str, ...], output: Path, desired: bool
) -> None:
    """Measure the speed on a durable throw-away server.

    What is compared takes turns of --seconds, --rounds times; figures are medians. A
    missed target is printed and is no failure; errors, and stocks that do not add up,
    are.
    """
    names = [name for name in MEASUREMENTS if not only or name in only]
    demand_place(output)
    with (
        one_line_errors(),
        prepared(seconds=seconds, rounds=rounds, desired=desired) as (bench, machine),
    ):
        found = measure(bench, names, progress=shown)
    command = " ".join(["python -m deploy.bench", *sys.argv[1:]])
    document = report.as_document(
        found, command=command, seconds=seconds, rounds=rounds, machine=machine
    )
    _print(found, machine)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from None
    click.echo(f"Written to {output}")
    _judge([result for _, result in found.values()])


def _print(found: dict[str, tuple[str, Result]], machine: dict[str, Any]) -> None:
    for title, result in found.values():
        click.echo(f"\n{report.as_text(title, result)}")
    click.echo(
        f"\nPostgreSQL {machine['postgresql']}, {machine['cores']} cores, load"
        f" {machine['load_average']} at the start."
    )


def _judge(results: list[Result]) -> None:
    missed = report.missed(results)
    if missed:
        click.echo(f"{len(missed)} targets missed.")
    faults = [fault for result in results for fault in result.faults]
    if faults:
        raise click.ClickException(f"{len(faults)} faults, the first: {faults[0]}")


if __name__ == "__main__":
    main()
