"""A streaming standby of a cluster, as `docs/runbook.md` has it made."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.cluster import Cluster
from deploy.process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLICATION = "local replication all scram-sha-256\n"


def allow_replication(primary: Cluster) -> None:
    """Let the superuser of the primary stream from it over the unix socket."""
    with primary.connect() as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        with Path(row[0]).open("a", encoding="utf-8") as hba:
            hba.write(REPLICATION)
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def streaming_standby(primary: Cluster) -> Iterator[Cluster]:
    """A running copy of the primary that follows it, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="part-lens-") as directory:
        home = Path(directory) / "c"
        base, sockets = home / "server", home / "server" / "s"
        sockets.mkdir(parents=True)
        for path in (Path(directory), home, base, sockets):
            path.chmod(0o755)
        who = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            who = {"user": account.pw_uid, "group": account.pw_gid}
            for path in (base, sockets):
                os.chown(path, account.pw_uid, account.pw_gid)
        copied = subprocess.run(
            [
                primary.server.programs() / "pg_basebackup",
                *("--dbname", primary.url("postgres", "postgres")),
                *("--pgdata", base / "data", "--write-recovery-conf"),
                *("--wal-method", "stream", "--checkpoint", "fast"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **who,  # type: ignore[call-overload]
        )
        assert copied.returncode == 0, copied.stderr
        (home / "cluster.json").write_text(
            json.dumps(
                {"base": str(base), "sockets": str(sockets), "port": free_port()}
            ),
            encoding="utf-8",
        )
        standby = Cluster(home, passwords=primary.passwords)
        try:
            standby.start()
            yield standby
        finally:
            standby.destroy()


def either(primary: Cluster, standby: Cluster, user: str) -> str:
    """The libpq URL of whichever of the two accepts writes."""
    url = primary.url(user)
    one = f"host={_quoted(primary)}&port={primary.port}"
    assert one in url
    two = (
        f"host={_quoted(primary)},{_quoted(standby)}"
        f"&port={primary.port},{standby.port}&target_session_attrs=read-write"
    )
    return url.replace(one, two)


def _quoted(cluster: Cluster) -> str:
    return str(cluster.socket_dir).replace("/", "%2F")
