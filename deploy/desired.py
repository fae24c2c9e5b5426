"""Builds a database from the desired state: `sql/`, `policies/` and `rpc/`.

`sql/tenant.list` and `sql/master.list` name the files in build order: one path or
glob per line, relative to the repository root, `#` starts a comment. A file that a
line before has named already is not built twice, so that `rpc/*.sql` may follow the
one file that must come first, and both lists may name what both databases need.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import pq

from deploy.server import client_path
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

LISTS = ("sql/tenant.list", "sql/master.list")
SOURCE_DIRECTORIES = ("sql", "policies", "rpc")

# A COMMIT in a source file would end the one transaction unnoticed: psql only warns.
_MARK = "SET LOCAL part_lens.build = 'whole'"
_CHECK_MARK = """
DO $$
BEGIN
    IF current_setting('part_lens.build', true) IS DISTINCT FROM 'whole' THEN
        RAISE EXCEPTION 'a source file ended the transaction of the build'
            USING HINT = 'Remove its BEGIN, COMMIT or ROLLBACK.';
    END IF;
END
$$
"""


class DesiredStateError(Exception):
    """The desired state is incomplete or does not build; the message says where."""


def libpq_environment(url: str) -> dict[str, str]:
    """Turn a libpq URL or DSN into PG* variables.

    A command started with them needs no password among its arguments. Among them is
    the PATH, with PostgreSQL's own programs first.
    """
    given = {
        option.envvar.decode(): option.val.decode()
        for option in pq.Conninfo.parse(url.encode())
        if option.envvar and option.val is not None
    }
    return dict(os.environ) | given | {"PATH": client_path()}


def source_files(root: Path = ROOT, lists: Sequence[str] = LISTS) -> tuple[Path, ...]:
    """Return the files of the desired state in build order, relative to `root`.

    Raises DesiredStateError when a line matches nothing or names a file twice, and
    when a .sql file under the source directories is named by no list.
    """
    ordered: dict[Path, str] = {}
    for name in lists:
        in_this_list: set[Path] = set()
        for number, pattern in _lines(root / name):
            where = f"{name}:{number}"
            matched = _matching(root, pattern)
            if not matched:
                raise DesiredStateError(f"{where}: '{pattern}' matches no .sql file")
            if matched == [Path(pattern)] and matched[0] in in_this_list:
                raise DesiredStateError(f"{where}: '{pattern}' is listed already")
            in_this_list.update(matched)
            for path in matched:
                ordered.setdefault(path, where)
    _refuse_unlisted(root, ordered)
    return tuple(ordered)


def build(url: str, *, root: Path = ROOT, lists: Sequence[str] = LISTS) -> None:
    """Build the desired state in the empty database at `url`, in one transaction.

    Raises DesiredStateError with psql's message, which names file and line.
    """
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction"]
    command += ["-c", _MARK]
    for path in source_files(root, lists):
        command += ["-f", str(path)]
    command += ["-c", _CHECK_MARK]
    environment = libpq_environment(url) | {
        "PGOPTIONS": "-c client_min_messages=warning",
        "PGAPPNAME": "part_lens desired state",
    }
    done = subprocess.run(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DesiredStateError(done.stderr.strip() or "psql failed without a message")


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DesiredStateError(f"{path} is missing") from None
    stripped = (line.partition("#")[0].strip() for line in text.splitlines())
    return [(number, line) for number, line in enumerate(stripped, 1) if line]


def _matching(root: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise DesiredStateError(f"'{pattern}' leaves the repository")
    found = (path for path in root.glob(pattern) if path.is_file())
    return sorted(path.relative_to(root) for path in found if path.suffix == ".sql")


def _refuse_unlisted(root: Path, listed: dict[Path, str]) -> None:
    present = {
        path.relative_to(root)
        for directory in SOURCE_DIRECTORIES
        for path in (root / directory).rglob("*.sql")
    }
    unlisted = sorted(present - set(listed))
    if unlisted:
        names = ", ".join(map(str, unlisted))
        raise DesiredStateError(f"named by no list in sql/: {names}")
