"""Recognise and end processes that we started: a pid alone may be another's by now.

The standard library only: `make clean` must work when the environment is gone.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path


def birth(pid: int) -> str | None:
    """When process `pid` started, as an opaque text that no later process shares.

    None if there is no such process, or only its unreaped remains.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            # The second field is a name in brackets that may itself hold blanks.
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    listed = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return None if not listed or listed.startswith("Z") else listed.partition(" ")[2]


def command(pid: int) -> str:
    """The command line of `pid`, blank-separated; empty if it cannot be read."""
    line = Path(f"/proc/{pid}/cmdline")
    if line.parent.parent.joinpath("self").exists():
        try:
            return line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()


def end(pid: int, born: str, *, seconds: float = 10) -> bool:
    """Ask the process that started at `born` to end, and insist after `seconds`.

    False, and nothing is touched, if `pid` is no longer that process.
    """
    if birth(pid) != born:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _gone(pid, born, seconds):
            break
    return True


def _gone(pid: int, born: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while birth(pid) == born:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def free_port() -> int:
    """A loopback TCP port that nothing uses at this moment.

    Below those that the system gives to outgoing connections (32768 on Linux), any of
    which might take it before a server does, or while one starts anew.
    """
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - no secret
        if port_is_free(port):
            return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback TCP port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
