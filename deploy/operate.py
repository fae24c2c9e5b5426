"""What an operator asks and says: the canary, reconciliation, readiness, the tick.

All of it is SQL; here it is called, as the deployer, and shown.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import psycopg
from psycopg.rows import dict_row

from deploy.cluster import first_line
from deploy.sample import deployer_url
from deploy.server import ServerError
from deploy.state import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CAUSES = {
    "operator": "an operator set it",
    "passed": "it soaked and every criterion holds",
    "alarm": "an alarm",
    "criterion": "a criterion of the step does not hold",
    "not_watched": "nobody has started the ramp, or it has been ended",
    "disabled": "the flag is switched off",
    "at_zero": "an operator starts the ramp",
    "fell_back": "it fell back, and stays until an operator sets it again",
    "soak": "the step has not soaked yet",
    "gap": "windows of a gateway are missing",
    "too_few_calls": "there were too few calls to judge by",
    "complete": "everybody is in, and every criterion holds",
}

# Seconds. Gateways report, and have it decided, several times a minute; a tick compares
# stocks with the ledger once an hour.
DECIDED_MOST = 120
RECONCILED_MOST = 2 * 3600
# How long ago something last happened, in seconds by the server's clock; windows are
# forgotten by the tick.
LIFE = """
SELECT
    extract(epoch FROM clock_timestamp() - (
        SELECT max(d.newest_at) FROM private.canary_decisions AS d
    ))::float AS decided,
    extract(epoch FROM clock_timestamp() - (
        SELECT max(r.ran_at) FROM private.reconciliations AS r WHERE r.is_whole
    ))::float AS reconciled,
    (
        SELECT count(*) FROM private.canary_windows AS w
        WHERE w.ended_at < clock_timestamp() - interval '15 days'
    ) AS old_windows
"""


@contextmanager
def _connected() -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """The deployer's connection; what goes wrong with it is one line."""
    try:
        with psycopg.connect(deployer_url(), row_factory=dict_row) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
    except psycopg.errors.InvalidSchemaName:
        raise click.ClickException(
            "Part Lens is not deployed: `make migrate`"
        ) from None
    except psycopg.Error as error:
        raise click.ClickException(first_line(error)) from None
    except (ServerError, StateError) as error:
        raise click.ClickException(str(error)) from error


def _answer(query: str, *parameters: object) -> Any:
    """The one value that a query gives."""
    with _connected() as connection:
        row = connection.execute(query.encode(), parameters).fetchone()
    return next(iter(row.values())) if row else None


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns side by side, each as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  " + "  ".join(cells).rstrip()


def number(figure: Any) -> str:
    """A figure as a person reads it; none is a dash."""
    return "-" if figure is None else f"{float(figure):.3f}".rstrip("0").rstrip(".")


def moment(text: str) -> str:
    """A time of PostgreSQL's JSON, to the second, in UTC."""
    return text[:19].replace("T", " ")


def ago(seconds: float | None) -> str:
    """A time that has passed, in the largest unit that it fills."""
    if seconds is None:
        return "never"
    units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    for unit, length in units:
        if seconds >= length or unit == "second":
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    raise AssertionError


def life_lines(life: Mapping[str, Any], *, watched: bool) -> Iterator[str]:
    """Whether anybody decides and ticks, and what it means when nobody does."""
    decided, reconciled = life["decided"], life["reconciled"]
    if watched and (decided is None or decided > DECIDED_MOST):
        yield (
            f"NOBODY DECIDES (last: {ago(decided)}): no gateway reports and nothing"
            " runs `make tick`, so that the ramp neither goes on nor falls back"
        )
    elif decided is not None:
        yield f"Decided {ago(decided)}"
    if reconciled is None or reconciled > RECONCILED_MOST:
        kept = life["old_windows"]
        old = f", and {kept:,} windows of more than two weeks are there" if kept else ""
        yield (
            f"NOBODY TICKS (stocks compared with the ledger: {ago(reconciled)}){old}:"
            " have `make tick` run every minute"
        )
    else:
        yield f"Stocks compared with the ledger {ago(reconciled)}"


def canary_lines(state: Mapping[str, Any], life: Mapping[str, Any]) -> Iterator[str]:
    """The state of a flag for a person: where it stands, figures, decisions.

    `life` is the row of LIFE.
    """
    percentage, yachts = state["canary_percentage"], state["yachts"] or []
    inside = sum(yacht["is_in"] for yacht in yachts)
    switched = "" if state["enabled"] else ", switched off"
    yield (
        f"{state['flag_name']}: {percentage} %{switched}, since"
        f" {moment(state['updated_at'])} UTC; {inside} of {len(yachts)} yachts are in"
    )
    if not state["is_watched"]:
        yield CAUSES["not_watched"].capitalize()
    elif state["fell_back"]:
        yield CAUSES["fell_back"].capitalize()
    elif state["next_percentage"]:
        yield (
            f"Next: {state['next_percentage']} %, not before"
            f" {moment(state['soak_ends_at'])} UTC"
        )
    yield from life_lines(life, watched=state["is_watched"])
    figures = state["figures"]
    yield ""
    yield (
        f"This step: {figures['calls']} calls in {figures['windows']} windows (judged"
        f" from {state['min_calls']} calls)"
    )
    if state["gap"]:
        yield f"Windows are missing: {state['gap']}"
    yield from table(
        [
            (
                criterion["measure"],
                number(criterion["figure"]),
                f"{criterion['comparison']} {number(criterion['threshold'])}",
                ("ok" if criterion["holds"] else "FAILS")
                if criterion["is_judged"]
                else "not enough data",
            )
            for criterion in state["criteria"]
        ]
    )
    yield ""
    yield "Last decisions"
    decisions = state["decisions"] or []
    rows = [decision_row(decision) for decision in decisions]
    yield from table(rows) if rows else ["  none yet"]


def decision_row(decision: Mapping[str, Any]) -> tuple[str, ...]:
    """When, what, from where to where, and why."""
    why = decision["reason"] or CAUSES.get(decision["cause"], decision["cause"])
    if decision["failed"]:
        why += f": {', '.join(decision['failed'])}"
    times = decision["evaluations"]
    return (
        moment(decision["decided_at"]),
        decision["decision"].replace("_", " "),
        f"{decision['percentage_before']} > {decision['percentage_after']} %",
        decision["actor"],
        why + (f" ({times} times)" if times > 1 else ""),
    )


def _show(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


@click.group()
def main() -> None:
    """Operate the database in DATABASE_URL, or the embedded one."""


@main.command()
@click.option("--decisions", type=click.IntRange(0, 500), default=10)
def canary(decisions: int) -> None:
    """Show where the ramp stands, and the last DECISIONS and why."""
    state = _answer(
        "SELECT private.canary_state(clock_timestamp(), %s::integer)", decisions
    )
    _show(canary_lines(state, _answer(f"SELECT to_jsonb(l) FROM ({LIFE}) AS l")))  # noqa: S608  ours


@main.command()
@click.argument("percent", type=click.IntRange(0, 100))
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@click.option("--watch/--no-watch", default=True, help="Whether windows move it on.")
@click.option("--on/--off", "enabled", default=True, help="Off: no yacht is in.")
def canary_set(percent: int, reason: str, watch: bool, enabled: bool) -> None:
    """Set the PERCENT of yachts that are in."""
    decision = _answer(
        "SELECT to_jsonb(d) FROM private.set_canary("
        "clock_timestamp(), %s::integer, %s::text, %s, %s) AS d",
        percent,
        reason,
        enabled,
        watch,
    )
    click.echo("  ".join(decision_row(decision)))


@main.command()
def reconcile() -> None:
    """Compare all stocks with the ledger and put caches right; 1: one was wrong."""
    found = _answer("SELECT private.reconcile(clock_timestamp())")
    click.echo(
        f"{found['verdict']}: {found['stocks']} stocks of {found['yachts']} yachts,"
        f" {found['drifting']} wrong, {found['repaired']} repaired"
    )
    sys.exit(found["verdict"] == "fail")


@main.command()
def readiness() -> None:
    """Show whether v1 can be retired; ends with 1 unless every criterion passes."""
    with _connected() as connection:
        rows = connection.execute(
            "SELECT r.description, r.figure, r.threshold, r.verdict"
            " FROM private.release_readiness() AS r"
        ).fetchall()
    shown = [
        (row["description"], number(row["figure"]), row["threshold"], row["verdict"])
        for row in rows
    ]
    _show(table([("Criterion", "Figure", "Must be", "Verdict"), *shown]))
    verdicts = Counter(row["verdict"] for row in rows)
    told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    is_ready = verdicts.keys() == {"pass"}
    click.echo(
        f"The version before can{'' if is_ready else 'not'} be retired"
        f"{'' if is_ready else ' yet'}: {told}"
    )
    sys.exit(not is_ready)


@main.command()
def tick() -> None:
    """Do what has to happen now and then; the answer is one line of JSON."""
    click.echo(_answer("SELECT private.tick()::text"))


if __name__ == "__main__":
    main()
