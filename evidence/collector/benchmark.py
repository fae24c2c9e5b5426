"""The benchmark as evidence: one that was taken before, or a short one taken now.

It measures a throw-away server on this machine and not the installation, whose people
would wait for it. So it is run only where the installation is the one here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from deploy.background import ServiceError
from deploy.bench import report
from deploy.bench.__main__ import MEASUREMENTS, measure, shown
from deploy.bench.ground import prepared
from deploy.bench.load import LoadError
from deploy.revision import revision
from deploy.server import ServerError
from deploy.state import ROOT
from evidence.collector.claims import Claim, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from deploy.bench.measurement import Bench, Result, Step
    from evidence.collector.ground import Ground

    Progress = Callable[[Sequence[Step]], Iterator[Step]]

NEWEST = ROOT / "evidence" / "bench.json"
# Of a short run: seconds of a turn, turns, and the seconds that a measurement may take.
SECONDS, ROUNDS, MOST = 2, 1, 30.0
COMMAND = "a short run for this evidence"


class BenchFileError(Exception):
    """The file is none of `make bench`; the text is one line."""


@dataclass(frozen=True)
class Speed:
    """The document of a benchmark, or None, and how it was come by or why not."""

    document: Mapping[str, Any] | None
    source: str


def known(given: Path | None, *, wanted: bool, is_here: bool) -> Speed:
    """The benchmark that is given, else the newest of this commit, else a short one.

    :param is_here: whether the installation is the one here.
    :raises BenchFileError: what is given cannot be read.
    """
    if not wanted:
        return Speed(None, "it was not wanted (--no-bench)")
    if given is not None:
        return Speed(_read(given), "the file that was given")
    if (newest := _of_this_commit()) is not None:
        return Speed(newest, "the newest run of make bench, of this commit")
    if not is_here:
        return Speed(
            None,
            "the installation is another than the one here, and evidence/bench.json is"
            " not of this commit; --bench names a file of make bench",
        )
    return Speed(short(), COMMAND)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        for measurement in found["measurements"].values():
            _ = measurement["targets"], measurement["faults"], measurement["figures"]
    except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        raise BenchFileError(f"{path} is no JSON of `make bench`") from error
    read: dict[str, Any] = found
    return read


def _of_this_commit() -> dict[str, Any] | None:
    if not NEWEST.is_file():
        return None
    found, now = _read(NEWEST), revision()
    is_same = found.get("commit") == now.commit and not found.get("uncommitted_changes")
    return found if now.is_exact and is_same else None


def short() -> dict[str, Any]:
    """Take what takes little time, on a durable throw-away server."""
    with prepared(seconds=SECONDS, rounds=ROUNDS) as (bench, machine):
        found, left_out = brief(bench, progress=shown)
    document = report.as_document(
        found, command=COMMAND, seconds=SECONDS, rounds=ROUNDS, machine=machine
    )
    return {**document, "left_out": left_out}


def brief(
    bench: Bench, *, progress: Progress
) -> tuple[dict[str, tuple[str, Result]], dict[str, str]]:
    """Carry out what takes less than MOST seconds; the rest by name, with its reason.

    What needs a program that is not here does not keep the rest from being measured.
    """
    found: dict[str, tuple[str, Result]] = {}
    left_out: dict[str, str] = {}
    for name, kind in MEASUREMENTS.items():
        took = sum(step.seconds for step in kind(bench).steps())
        if took > MOST:
            left_out[name] = f"takes {took:.0f} s and more; make bench measures it"
            continue
        try:
            found |= measure(bench, [name], progress=progress)
        except (LoadError, OSError, ServerError, ServiceError, psycopg.Error) as error:
            said = str(error).strip().partition("\n")[0]
            left_out[name] = said or type(error).__name__
    return found, left_out


def examine(ground: Ground) -> Finding:
    """Its figures. A missed target depends on the machine and is shown; a fault is an
    error or a stock that does not add up, and fails."""
    document = ground.speed.document
    if document is None:
        return Finding(None, {"not_measured": ground.speed.source})
    measurements = document["measurements"]
    targets = [(name, t) for name, m in measurements.items() for t in m["targets"]]
    faults = [fault for m in measurements.values() for fault in m["faults"]]
    return Finding(
        bool(measurements) and not faults,
        {
            "source": ground.speed.source,
            "targets": len(targets),
            "missed_targets": sorted(
                f"{name}: {t['name']}" for name, t in targets if not t["reached"]
            ),
            "faults": faults,
            "bench": document,
        },
    )


CLAIMS = (Claim("bench", "The benchmark ran without a fault.", examine, 0.1),)
