"""Load from pgbench and wrk: run one, and read what it says."""

from __future__ import annotations

import json
import math
import os
import signal
import statistics
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.bench.fleet import PART
from deploy.desired import libpq_environment
from deploy.server import find_programs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.bench.fleet import Fleet
    from deploy.bench.rpcs import Rpc

REQUEST_LUA = Path(__file__).with_name("request.lua")
QUIET_WITHIN = 10.0


class LoadError(Exception):
    """A load generator did not run; the text is what it said."""


@dataclass(frozen=True)
class Load:
    """What came of one run: calls, their rate per second, latencies in ms, errors.

    `errors` counts calls that broke and answers other than 2xx. `server_us` is the
    processor time of the database server per call, in µs, `front_us` that of the HTTP
    servers in front of it; nan if unknown.
    """

    calls: int
    errors: int
    rate: float
    p50: float
    p95: float
    p99: float
    server_us: float = math.nan
    front_us: float = math.nan


def pgbench(
    fleet: Fleet,
    script: str,
    *,
    seconds: float,
    connections: int,
    hot: bool = False,
    settling: float = 0.0,
) -> Load:
    """Run a script, prepared, as the login of the gateway.

    With `hot` all connections use one part, otherwise each a range of its own. Each
    has its own backend, which takes time to come and is slow at first: the run is
    `settling` seconds longer, and rate and latency are those of its last `seconds`.
    """
    share = 1 if hot else fleet.parts // connections
    with tempfile.TemporaryDirectory(prefix="part-lens-bench-") as name:
        directory = Path(name)
        file = directory / "script.sql"
        text = script.replace(" + :client_id * :range", "") if hot else script
        file.write_text(text, encoding="utf-8")
        said = _run(
            [
                *(str(find_programs() / "pgbench"), "-n", "-M", "prepared"),
                *("-c", str(connections), "-j", "1"),
                *("-T", str(_whole(seconds + settling))),
                *("-D", f"range={share}", "-f", str(file)),
                *("-l", "--log-prefix", str(directory / "calls")),
            ],
            environment=libpq_environment(fleet.url("authenticator")),
            seconds=seconds + settling,
            # What its own timer sends.
            ending=signal.SIGALRM,
        )
        made, failed = _read_log(sorted(directory.glob("calls.*")))
    if not made:
        if seconds < 1:
            # The machine is too busy for so short a run.
            return pgbench(
                fleet,
                script,
                seconds=2 * seconds,
                connections=connections,
                hot=hot,
                settling=settling,
            )
        raise LoadError(said)
    over = max(end for end, _ in made)
    began = max(min(end - ms / 1000 for end, ms in made), over - seconds)
    settled = [ms for end, ms in made if end >= began]
    p50, p95, p99 = _percentiles(settled)
    # A client that met an error is gone, and pgbench says so only in passing.
    failed += said.count("aborted")
    return Load(len(made), failed, len(settled) / (over - began), p50, p95, p99)


def wrk(
    url: str, rpc: Rpc, *, token: str, seconds: float, connections: int, parts: int
) -> Load:
    """Call an RPC over HTTP, about one part after the other."""
    request = {"METHOD": rpc.method, "PATH": rpc.path}
    if rpc.body is not None:
        request["BODY"] = rpc.body
    given = {
        **request,
        "TOKEN": token,
        "PARTS": str(parts),
        "PART_PREFIX": PART,
        "RUN": uuid.uuid4().hex,
    }
    said = _run(
        [
            *("wrk", "-t", "1", "-c", str(connections)),
            *("-d", f"{_whole(seconds)}s"),
            *("--timeout", "10s", "-s", str(REQUEST_LUA), url),
        ],
        environment={
            **os.environ,
            **{f"BENCH_{name}": value for name, value in given.items()},
        },
        seconds=seconds,
        ending=signal.SIGINT,
    )
    if not said and seconds < 1:
        # It was not even ready to be ended.
        return wrk(
            url,
            rpc,
            token=token,
            seconds=2 * seconds,
            connections=connections,
            parts=parts,
        )
    try:
        found = json.loads(said.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise LoadError(said) from None
    return Load(
        calls=found["calls"],
        errors=found["refused"] + found["broken"],
        rate=found["calls"] / found["microseconds"] * 1e6,
        p50=found["p50"] / 1e3,
        p95=found["p95"] / 1e3,
        p99=found["p99"] / 1e3,
    )


def wait_until_quiet(fleet: Fleet) -> None:
    """Wait for calls that wrk no longer waited for: they still count as movements."""
    deadline = time.monotonic() + QUIET_WITHIN
    with fleet.cluster.connect() as connection:
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT count(*) FROM pg_catalog.pg_stat_activity"
                " WHERE datname = %s AND state <> 'idle'"
                " AND backend_type = 'client backend'",
                [fleet.name],
            ).fetchone()
            if row == (0,):
                return
            time.sleep(0.02)
    raise LoadError(f"calls on {fleet.name} do not end")


def medians(loads: Sequence[Load]) -> Load:
    """The median of each figure over several runs; errors are added up."""
    return Load(
        calls=sum(load.calls for load in loads),
        errors=sum(load.errors for load in loads),
        rate=statistics.median(load.rate for load in loads),
        p50=statistics.median(load.p50 for load in loads),
        p95=statistics.median(load.p95 for load in loads),
        p99=statistics.median(load.p99 for load in loads),
        server_us=statistics.median(load.server_us for load in loads),
        front_us=statistics.median(load.front_us for load in loads),
    )


def _whole(seconds: float) -> int:
    """How pgbench and wrk take a time."""
    return max(1, round(seconds))


def _run(
    command: list[str],
    *,
    environment: dict[str, str],
    seconds: float,
    ending: signal.Signals,
) -> str:
    """Run a load generator; `ending` has it end in less than a second, if need be."""
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except FileNotFoundError:
        raise LoadError(f"{command[0]} is not installed") from None
    with process:
        try:
            said, _ = process.communicate(timeout=seconds if seconds < 1 else None)
        except subprocess.TimeoutExpired:
            process.send_signal(ending)
            said, _ = process.communicate()
    # pgbench ends with 2 when clients were aborted: that is counted, not raised. Who
    # was not ready for the signal has called nobody.
    if process.returncode not in (0, 2, -ending):
        raise LoadError(said.strip() or f"{command[0]}: {process.returncode}")
    return said


def _read_log(files: Sequence[Path]) -> tuple[list[tuple[float, float]], int]:
    """When each call ended, in s, and what it took, in ms; and how many failed.

    pgbench's log has client, number, latency, script, seconds and microseconds.
    """
    made: list[tuple[float, float]] = []
    failed = 0
    for file in files:
        for line in file.read_text(encoding="ascii").splitlines():
            latency, _, seconds, microseconds = line.split()[2:6]
            if latency.isdigit():
                end = int(seconds) + int(microseconds) / 1e6
                made.append((end, int(latency) / 1000))
            else:
                failed += 1
    return made, failed


def _percentiles(took: Sequence[float]) -> tuple[float, float, float]:
    ordered = sorted(took)
    last = len(ordered) - 1
    p50, p95, p99 = (ordered[round(last * part)] for part in (0.5, 0.95, 0.99))
    return p50, p95, p99
