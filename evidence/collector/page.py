"""The bundle as a page: verdicts first, then pictures; needs nothing from elsewhere."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence.collector import plots
from evidence.collector.speed_page import speed, targets_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STYLE = Path(__file__).with_name("page.css")
Findings = dict[str, dict[str, Any]]
# By verdict, what is wrong first: the kind for the style, and the word.
STATES: Mapping[bool | None, tuple[str, str]] = {
    False: ("fails", "FAILS"),
    None: ("unknown", "not measured"),
    True: ("good", "holds"),
}


def rendered(findings: Findings, facts: Mapping[str, Any]) -> str:
    """The page's HTML."""
    body = "\n".join([*_verdicts(findings, facts), *_pictures(findings), *_run(facts)])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Part Lens: evidence</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _verdicts(findings: Findings, facts: Mapping[str, Any]) -> Iterator[str]:
    failed, unknown = (
        [name for name, found in findings.items() if found["holds"] is verdict]
        for verdict in (False, None)
    )
    yield "<h1>Part Lens: evidence</h1>"
    commit = (facts["commit"] or "unknown")[:12]
    yield f'<p class="soft">{escape(facts["taken_at"])}, commit {escape(commit)}</p>'
    if failed:
        told = f"{len(failed)} of {len(findings)} claims fail: {', '.join(failed)}"
        yield f'<p class="verdict fails">{escape(told)}</p>'
    else:
        which = "claims that were examined" if unknown else "claims"
        told = f"All {len(findings) - len(unknown)} {which} hold"
        yield f'<p class="verdict">{told}</p>'
    if unknown:
        told = escape(f"Not measured: {', '.join(unknown)}")
        yield f'<p class="verdict unknown">{told}</p>'
    # A target of speed is not claimed: it depends on the machine.
    measured = findings.get("bench", {}).get("evidence", {})
    if measured.get("missed_targets") or measured.get("bench", {}).get("left_out"):
        yield f'<p class="verdict unknown">{escape(targets_told(measured))}</p>'
    yield '<ul class="claims">'
    order = list(STATES)
    for name, found in sorted(
        findings.items(), key=lambda item: order.index(item[1]["holds"])
    ):
        kind, told = STATES[found["holds"]]
        yield (
            f'<li class="{kind}"><b>{told}</b><span>{escape(found["claim"])}'
            f' <a class="soft" href="{name}.json">{name}</a></span></li>'
        )
    yield "</ul>"


def _pictures(findings: Findings) -> Iterator[str]:
    sections = {
        "stress": _stress,
        "bench": speed,
        "role_matrix": _roles,
        "storage_matrix": _storage,
        "zero_5xx": _scan,
    }
    for name, section in sections.items():
        evidence = findings.get(name, {}).get("evidence", {})
        if evidence and "not_examined" not in evidence:
            yield from section(evidence)


def _stress(evidence: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>{evidence['calls']} calls by {evidence['workers']} at once</h2>"
    latency = evidence["latency_ms"]
    figures = {
        "calls a second": evidence["calls_per_second"],
        **{f"{name.upper()}, ms": latency[name] for name in ("p50", "p95", "p99")},
        "slowest, ms": latency["max"],
        "answers": ", ".join(
            f"{number} times {status}"
            for status, number in evidence["statuses"].items()
        ),
    }
    yield '<div class="figures">'
    for label, figure in figures.items():
        yield f"<div>{escape(str(figure))}<span>{escape(label)}</span></div>"
    yield "</div>"
    yield '<div class="plots">'
    classes = _within(evidence["histogram"])
    yield plots.bars(
        [(_class(row), row["calls"]) for row in classes],
        title="Calls by latency, up to so many ms",
    )
    yield plots.bars(
        [
            (f"{row['until_second']:.2f}", row["calls_per_second"])
            for row in evidence["over_time"]
        ],
        title="Calls a second, over the seconds of the run",
        every=5,
    )
    yield "</div>"


def _within(histogram: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The classes between the first and the last call, and one on each side."""
    used = [place for place, row in enumerate(histogram) if row["calls"]] or [0]
    return histogram[max(0, used[0] - 1) : used[-1] + 2]


def _class(row: Mapping[str, Any]) -> str:
    return "more" if row["up_to_ms"] is None else f"{row['up_to_ms']}"


def _roles(evidence: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Who may do what</h2>"
    yield '<p class="soft">What each person was told when they called the action.</p>'
    answers = evidence["answers"]
    wrong = {(row["action"], row["role"]) for row in evidence["differs"]}
    yield from _matrix(answers, wrong, label="Role by action")


def _storage(evidence: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Who may do what with photos and labels</h2>"
    answers = {
        f"{bucket}: {operation}": {
            who: tried[operation] for who, tried in people.items()
        }
        for bucket, people in evidence["answers"].items()
        for operation in next(iter(people.values()))
    }
    wrong = {
        (f"{row['bucket']}: {row['operation']}", row["who"])
        for row in evidence["differs"]
    }
    yield from _matrix(answers, wrong, label="Role by bucket and operation")


def _matrix(
    answers: Mapping[str, Mapping[str, str]],
    wrong: set[tuple[str, str]],
    *,
    label: str,
) -> Iterator[str]:
    keys = {"--good": "allowed", "--none": "refused", "--bad": "not as designed"}
    yield '<div class="key">'
    for colour, text in keys.items():
        yield f'<span><i style="background: var({colour})"></i>{text}</span>'
    yield "</div>"
    yield f'<div class="wide">{plots.matrix(answers, wrong, label=label)}</div>'


def _scan(evidence: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>{evidence['calls']:,} calls, well made and badly</h2>"
    broken = len(evidence["server_errors"])
    classes = ("2xx", "3xx", "4xx", "5xx")
    counts = evidence["by_person"].values()
    yield '<div class="figures">'
    for name in classes:
        yield f"<div>{sum(row[name] for row in counts):,}<span>{name}</span></div>"
    yield "</div>"
    yield f"<p>{broken or 'None'} of them met a server error.</p>"


def _run(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>The run</h2>"
    told = {
        "command": " ".join(facts["command"]),
        "commit": facts["commit"],
        "uncommitted changes": "yes" if facts["uncommitted_changes"] else "no",
        "newest change": facts["newest_change"],
        "cores": facts["machine"]["cores"],
        "load at the start": facts["machine"]["load_average"],
        **facts["versions"],
    }
    yield "<dl>"
    for label, text in told.items():
        yield f"<dt>{escape(label)}</dt><dd>{escape(str(text))}</dd>"
    yield "</dl>"
    yield (
        '<p class="soft">Each claim has a file of data; <a href="manifest.json">'
        "manifest.json</a> has their SHA-256.</p>"
    )
