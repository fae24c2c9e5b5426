"""The benchmark's part of the page: whatever measurements there are, by their names."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from evidence.collector import plots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A column that a picture is made of, as its heading names it.
RATE = "calls/s"
# With more rows a picture beside the table would be higher than wide.
FEW = 8
NUMBER = re.compile(r"-?[\d,]*\.?\d+")


def speed(evidence: Mapping[str, Any]) -> Iterator[str]:
    """Every measurement: its targets, a table, and a picture where there are rates."""
    yield "<h2>Speed</h2>"
    if "not_measured" in evidence:
        told = escape(f"Not measured: {evidence['not_measured']}")
        yield f'<p class="verdict unknown">{told}</p>'
        return
    document = evidence["bench"]
    yield from _run(evidence["source"], document)
    yield f"<p>{escape(targets_told(evidence))}</p>"
    if faults := evidence["faults"]:
        told = escape(f"{len(faults)} faults: {'; '.join(faults)}")
        yield f'<p class="verdict fails">{told}</p>'
    for name, measurement in sorted(document["measurements"].items()):
        yield f"<h3>{escape(name)}: {escape(measurement['title'])}</h3>"
        yield from _targets(measurement["targets"])
        yield from _figures(measurement)
    if left_out := document.get("left_out"):
        yield "<h3>Not measured</h3>"
        yield '<ul class="plain">'
        for name, reason in sorted(left_out.items()):
            yield f"<li>{escape(name)}: {escape(reason)}</li>"
        yield "</ul>"


def targets_told(evidence: Mapping[str, Any]) -> str:
    """How many targets are missed, and what was not measured, in words."""
    count, missed = evidence["targets"], len(evidence["missed_targets"])
    told = f"{missed or 'None'} of {count} targets of speed missed"
    left_out = sorted(evidence["bench"].get("left_out") or ())
    return f"{told}; not measured: {', '.join(left_out)}" if left_out else told


def _run(source: str, document: Mapping[str, Any]) -> Iterator[str]:
    machine, rounds = document.get("machine", {}), document.get("rounds")
    told = [
        f"From {source}",
        f"{rounds} round{'' if rounds == 1 else 's'} of {document.get('seconds')} s",
        f"PostgreSQL {machine.get('postgresql')}",
        f"{machine.get('cores')} cores",
        f"load {machine.get('load_average')} at the start",
        f"commit {(document.get('commit') or 'unknown')[:12]}",
    ]
    if document.get("uncommitted_changes"):
        told.append("with uncommitted changes")
    yield f'<p class="soft">{escape(", ".join(told))}</p>'


def _targets(targets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield '<ul class="claims">'
    for target in targets:
        state = ("", "reached") if target["reached"] else (' class="missed"', "MISSED")
        unit = f" {target['unit']}" if target["unit"] else ""
        told = (
            f"{target['name']}: {target['figure']:,g}{unit},"
            f" target {target['relation']} {target['target']:,g}{unit}"
        )
        yield f"<li{state[0]}><b>{state[1]}</b><span>{escape(told)}</span></li>"
    yield "</ul>"


def _figures(measurement: Mapping[str, Any]) -> Iterator[str]:
    """The table, and its rates as a picture: beside few rows, within many."""
    header, rows = measurement.get("header"), measurement.get("rows")
    if not (header and rows):
        return
    column = header.index(RATE) if RATE in header else None
    rates = [_number(row[column]) if column is not None else None for row in rows]
    known = [
        (row[0], rate)
        for row, rate in zip(rows, rates, strict=True)
        if rate is not None
    ]
    top = max((rate for _, rate in known), default=0)
    yield '<div class="beside"><div class="wide"><table>'
    yield f"<tr>{''.join(f'<th>{escape(text)}</th>' for text in header)}</tr>"
    for row, rate in zip(rows, rates, strict=True):
        shares = dict.fromkeys(range(len(row)), 0.0)
        if column is not None and rate and len(rows) > FEW:
            shares[column] = 100 * rate / top
        cells = [_cell(text, shares[place]) for place, text in enumerate(row)]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table></div>"
    if known and len(rows) <= FEW:
        yield plots.lines(known, title="Calls a second")
    yield "</div>"


def _cell(text: str, share: float) -> str:
    """A cell, with a bar behind its text that fills so many per cent of it."""
    bar = f' class="bar" style="--share: {share:.0f}%"' if share else ""
    return f"<td{bar}>{escape(text)}</td>"


def _number(text: str) -> float | None:
    return float(text.replace(",", "")) if NUMBER.fullmatch(text) else None
