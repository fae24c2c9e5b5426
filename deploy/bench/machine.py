"""The machine and the throw-away server on which things are measured."""

from __future__ import annotations

import math
import os
import platform
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.state import Secrets

# Durable as an installation is. Checkpoints are put off, so that none falls into the
# turn of one of the two that are compared. What is kept of the WAL is used again.
DURABLE: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "min_wal_size": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    # pgbench opens one for each of its clients, beside the pools.
    "max_connections": "200",
}
MIB = 1 << 20
WAL_FILES = 64  # of 16 MiB
REPORTED = (*DURABLE, "server_version", "jit", "wal_sync_method")


@contextmanager
def durable_cluster(secrets: Secrets) -> Iterator[Cluster]:
    """A running cluster on a disk, removed at the end."""
    directory_of = _disk()
    with tempfile.TemporaryDirectory(
        prefix="part-lens-bench-", dir=directory_of
    ) as name:
        directory = Path(name)
        directory.chmod(0o711)
        cluster = Cluster(
            directory / "c", passwords=secrets.passwords, settings=DURABLE
        )
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.destroy()


def lay_up_wal(cluster: Cluster, *, files: int = WAL_FILES) -> None:
    """Have files for the WAL there, as they are where a server has run for a while.

    Each commit waits while a new one is filled with zeros, which takes up to half a
    second: that would be the P99 of whoever has its turn just then.
    """
    with cluster.connect() as connection:
        for _ in range(files):
            connection.execute("SELECT pg_logical_emit_message(false, 'bench', '')")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")


def facts(cluster: Cluster) -> dict[str, Any]:
    """What a reader must know of the machine and the server to compare figures."""
    with cluster.connect() as connection:
        settings = dict(
            connection.execute(
                "SELECT name, current_setting(name) FROM pg_catalog.pg_settings"
                " WHERE name = ANY (%s) ORDER BY name",
                [list(REPORTED)],
            ).fetchall()
        )
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "load_average": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": settings.pop("server_version"),
        "settings": settings,
    }


def _processor() -> str | None:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return None
    names = [
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else None


def _disk() -> str | None:
    """A directory for temporary files that is not in memory; None: the usual one."""
    usual = Path(tempfile.gettempdir())
    return "/var/tmp" if _file_system(usual) in ("tmpfs", "ramfs") else None  # noqa: S108  mkdtemp makes our own below it


def _file_system(path: Path) -> str:
    """The type of the file system that holds `path`; empty where that is unknown."""
    found = ("", "")
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    except OSError:
        return ""
    for line in mounts.splitlines():
        _, mounted_on, kind, *_ = line.split()
        if path.resolve().is_relative_to(mounted_on):
            found = max(found, (mounted_on, kind), key=lambda item: len(item[0]))
    return found[1]


def server_seconds(cluster: Cluster) -> float:
    """Processor time that the server has used so far; nan where it cannot be read.

    Busy neighbours stretch a call, and hardly change what it costs.
    """
    with cluster.connect() as connection:
        backend = connection.info.backend_pid
        own = _stat(backend)
        if own is None:
            return math.nan
        postmaster = own[1]
        total = 0
        for path in Path("/proc").glob("[0-9]*"):
            stat = _stat(int(path.name))
            if stat is None:
                continue
            if int(path.name) == postmaster:
                # Its own time, and that of the processes that have ended.
                total += sum(stat[11:15])
            elif stat[1] == postmaster:
                total += sum(stat[11:13])
    return total / os.sysconf("SC_CLK_TCK")


def session_seconds(leader: int) -> float:
    """Processor time that the processes of a session have used so far.

    nan where that cannot be read.
    """
    members = _session(leader)
    if not members:
        return math.nan
    return sum(sum(stat[11:13]) for stat in members.values()) / os.sysconf("SC_CLK_TCK")


def session_memory(leader: int) -> float:
    """Resident memory of the processes of a session in MiB; nan if unknown."""
    members = _session(leader)
    if not members:
        return math.nan
    return sum(stat[21] for stat in members.values()) * os.sysconf("SC_PAGE_SIZE") / MIB


def _session(leader: int) -> dict[int, list[int]]:
    pids = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    found = ((pid, _stat(pid)) for pid in pids)
    return {pid: stat for pid, stat in found if stat is not None and stat[3] == leader}


def _stat(pid: int) -> list[int] | None:
    """What /proc/PID/stat says behind the name.

    [1] parent, [3] session, [11:15] times in ticks, [21] resident pages.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return [0, *map(int, text.rpartition(")")[2].split()[1:])]
