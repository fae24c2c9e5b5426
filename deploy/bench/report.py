"""The results, as a table for people and as JSON for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deploy.revision import revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deploy.bench.measurement import Result, Verdict


def as_text(title: str, result: Result) -> str:
    """One measurement: its figures, then its targets."""
    lines = [title, *_table([result.header, *result.rows])]
    lines += _table([_verdict_row(verdict) for verdict in result.verdicts])
    lines += [f"  FAULT: {fault}" for fault in result.faults]
    return "\n".join(lines)


def as_data(title: str, result: Result) -> Mapping[str, Any]:
    """The same for JSON, with each round."""
    return {
        "title": title,
        "header": list(result.header),
        "rows": [list(row) for row in result.rows],
        "figures": result.figures,
        "targets": [
            {
                "name": verdict.name,
                "figure": round(verdict.figure, 3),
                "relation": verdict.relation,
                "target": verdict.target,
                "unit": verdict.unit,
                "reached": verdict.reached,
            }
            for verdict in result.verdicts
        ],
        "faults": list(result.faults),
    }


def as_document(
    found: Mapping[str, tuple[str, Result]],
    *,
    command: str,
    seconds: float,
    rounds: int,
    machine: Mapping[str, Any],
) -> dict[str, Any]:
    """All that was found, and what a reader must know of how."""
    return {
        "command": command,
        "method": "medians over rounds in which what is compared takes turns; a ratio"
        " is taken in each round",
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **revision().as_data(),
        "seconds": seconds,
        "rounds": rounds,
        "machine": dict(machine),
        "measurements": {name: as_data(*found[name]) for name in found},
    }


def missed(results: Sequence[Result]) -> list[Verdict]:
    """The targets that were not reached."""
    return [
        verdict
        for result in results
        for verdict in result.verdicts
        if not verdict.reached
    ]


def _verdict_row(verdict: Verdict) -> tuple[str, ...]:
    target = f"{verdict.relation} {verdict.target:g} {verdict.unit}".rstrip()
    return (
        verdict.name,
        f"{verdict.figure:.2f} {verdict.unit}".rstrip(),
        f"target {target}",
        "reached" if verdict.reached else "MISSED",
    )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [
            text.rjust(width) for text, width in zip(others, widths[1:], strict=True)
        ]
        yield "  " + "  ".join(cells).rstrip()
