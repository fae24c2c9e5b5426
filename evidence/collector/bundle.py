"""The bundle: a file for each claim, a summary, a manifest with their digests."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from uuid import UUID

from deploy.revision import revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import psycopg

SUMMARY = "acceptance_summary.json"
MANIFEST = "manifest.json"
PAGE = "index.html"
PACKAGES = ("httpx", "psycopg", "PyJWT", "uvicorn")
Findings = dict[str, dict[str, Any]]


class SecretError(Exception):
    """The bundle would tell a secret; nothing of it is written."""


def write(
    directory: Path,
    findings: Findings,
    *,
    page: str,
    facts: Mapping[str, Any],
    secrets: Iterable[str],
) -> None:
    """Replace the bundle in `directory`.

    `secrets` are texts that no file may have. :raises SecretError: one has.
    """
    files = {f"{name}.json": as_json(found) for name, found in findings.items()}
    files[SUMMARY] = as_json(summary(findings))
    files[PAGE] = page
    files[MANIFEST] = as_json(
        {
            **facts,
            "files": {
                name: hashlib.sha256(text.encode()).hexdigest()
                for name, text in sorted(files.items())
            },
        }
    )
    for name, text in files.items():
        if any(secret in text for secret in secrets):
            raise SecretError(f"{name} would tell a secret: nothing is written")
    directory.mkdir(parents=True, exist_ok=True)
    for path in (*directory.glob("*.json"), *directory.glob(PAGE)):
        path.unlink()
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def summary(findings: Findings) -> dict[str, Any]:
    """All claims, with verdicts; and those that do not hold, or were not examined."""
    failed, unknown = (
        sorted(name for name, found in findings.items() if found["holds"] is verdict)
        for verdict in (False, None)
    )
    return {
        "claim": "Every claim holds.",
        "holds": not failed,
        "evidence": {
            "claims": {
                name: {"claim": found["claim"], "holds": found["holds"]}
                for name, found in findings.items()
            },
            "failed": failed,
            "not_measured": unknown,
        },
    }


def as_json(content: Any) -> str:
    """Sorted, so that two runs can be compared line by line."""
    return (
        json.dumps(
            content, indent=2, sort_keys=True, ensure_ascii=False, default=_plain
        )
        + "\n"
    )


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not for JSON")


def facts(database: psycopg.Connection, command: Sequence[str]) -> dict[str, Any]:
    """What a reader must know of the run: when, of which commit, on what, how."""
    row = database.execute(
        "SELECT current_setting('server_version'),"
        " (SELECT c.change FROM sqitch.changes AS c"
        " WHERE c.project = 'part_lens_tenant' ORDER BY c.committed_at DESC LIMIT 1)"
        if _has_sqitch(database)
        else "SELECT current_setting('server_version'), NULL"
    ).fetchone()
    server, change = row or (None, None)
    return {
        "command": list(command),
        "taken_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **revision().as_data(),
        "newest_change": change,
        # Of the machine of the collector, at the start.
        "machine": {
            "cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 2),
        },
        "versions": {
            "postgresql": server,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            **{name: version(name) for name in PACKAGES},
        },
    }


def _has_sqitch(database: psycopg.Connection) -> bool:
    row = database.execute(
        "SELECT to_regclass('sqitch.changes') IS NOT NULL"
    ).fetchone()
    return bool(row and row[0])
