"""Throw-away clusters and databases: for tests, for drafts and for comparisons."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.cluster import DEPLOYER, Cluster
from deploy.moulds import EMPTY, Content, Moulds
from deploy.sqitch import migrate
from deploy.state import ROOT, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg

# What the pgTAP files share: people, parts, the rules of the catalogue.
HELPERS = ROOT / "tests" / "pgtap_helpers"
# The one of them that needs an extension in C.
CHECKED = HELPERS / "rules_plpgsql_check.sql"

_MEMORY = Path("/dev/shm")  # noqa: S108 - every file in it has a directory of its own
_ROOM = 6 * 1024**3

QUICK: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


def roomy() -> Path | None:
    """A directory in memory with room for what is thrown away; None if there is none.

    A cluster there takes a tenth of the time to copy. Who has set TMPDIR gets that.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return None
    meminfo = Path("/proc/meminfo").read_text(encoding="utf-8")
    available = re.search(r"^MemAvailable: +(\d+) kB$", meminfo, re.MULTILINE)
    memory = int(available[1]) * 1024 if available else 0
    return _MEMORY if min(memory, shutil.disk_usage(_MEMORY).free) > _ROOM else None


@contextmanager
def scratch_cluster(
    content: Content = EMPTY,
    *,
    settings: Mapping[str, str] = QUICK,
    bin_dir: Path | None = None,
) -> Iterator[Cluster]:
    """A running cluster with passwords of its own, removed at the end.

    By default it is quick and not durable; nor is it on a disk where memory has room
    (`roomy`). Where moulds are kept it is a copy, with their passwords
    (`deploy.moulds`). Raises what stops the content from being made.
    """
    moulds = Moulds.current()
    # Not pytest's tmp_path: the account that runs PostgreSQL could not reach it.
    with tempfile.TemporaryDirectory(prefix="part-lens-", dir=roomy()) as directory:
        Path(directory).chmod(0o711)
        cluster = Cluster(
            Path(directory) / "c",
            passwords=moulds.passwords() if moulds else Secrets.generate().passwords,
            settings=settings,
            bin_dir=bin_dir,
            rounds=1,
        )
        try:
            if moulds:
                moulds.pour(content, cluster)
                cluster.start()
            else:
                cluster.start()
                content.fill(cluster)
            yield cluster
        finally:
            cluster.destroy()


def create_migrated(cluster: Cluster, name: str) -> None:
    """Create a database and deploy both Sqitch projects to it, as the deployer."""
    cluster.create_database(name)
    migrate(cluster.url(DEPLOYER, name))


def create_tap(cluster: Cluster, name: str, *, template: str) -> None:
    """Copy a migrated database and add what the pgTAP files need, in schema `tap`.

    Nothing may serve the copy: these extensions run any SQL for anybody. Without
    plpgsql_check, which a server may lack, its rule is missing and its test skipped.
    """
    cluster.create_database(name, template=template)
    with cluster.connect(name) as connection:
        connection.execute("CREATE SCHEMA tap")
        connection.execute("GRANT USAGE ON SCHEMA tap TO PUBLIC")
        connection.execute("CREATE EXTENSION pgtap SCHEMA tap")
        left_out = set()
        if is_available(connection, "plpgsql_check"):
            connection.execute("CREATE EXTENSION plpgsql_check SCHEMA tap")
        else:
            left_out.add(CHECKED)
        for path in sorted({*HELPERS.glob("*.sql")} - left_out):
            connection.execute(path.read_bytes())
        # Unknown to SQL in the files, which name every object in full but these.
        connection.execute(
            "SELECT pg_catalog.set_config('search_path', 'tap, public', false)"
        )
        connection.execute(f'ALTER DATABASE "{name}" SET search_path FROM CURRENT')


def is_available(connection: psycopg.Connection, extension: str) -> bool:
    """Whether the server has an extension that could be created."""
    found = connection.execute(
        "SELECT FROM pg_catalog.pg_available_extensions AS e WHERE e.name = %s",
        [extension],
    )
    return found.fetchone() is not None
