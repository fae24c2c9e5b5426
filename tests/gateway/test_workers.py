"""Several processes on one port."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from socket import SO_REUSEADDR, SOL_SOCKET, create_connection, socket
from typing import TYPE_CHECKING, Any

import pytest

from deploy.state import ROOT
from gateway.sharing import DEALT, Loop
from tests.gateway.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.background import Service
    from tests.gateway.conftest import Api

CLIENTS = 100
# Of 100 tosses of a coin, 20 or fewer are heads once in a thousand million runs.
LEAST = 20
ESTABLISHED, LISTENING = "01", "0A"


@pytest.fixture(scope="module")
def pair(serve: Any) -> Iterator[tuple[Api, Service]]:
    """A gateway of two workers, and what was started."""
    running = serve(workers=2)
    with running as api:
        eventually(lambda: len(api.workers()) == 2)
        yield api, running.service


def sockets(port: int, state: str) -> set[str]:
    """What is at a port in a state, as the files of a process name it: proc(5)."""
    rows = map(str.split, Path("/proc/net/tcp").read_text("ascii").splitlines()[1:])
    return {
        f"socket:[{row[9]}]"
        for row in rows
        if row[1].endswith(f":{port:04X}") and row[3] == state
    }


def clients(pid: int, port: int) -> int:
    """How many connections to a port a process serves."""
    served = sockets(port, ESTABLISHED)
    return sum(
        str(entry.readlink()) in served for entry in Path(f"/proc/{pid}/fd").iterdir()
    )


@pytest.mark.skipif(not DEALT, reason="only Linux deals connections out")
def test_clients_who_come_together_are_dealt_out(pair: tuple[Api, Service]) -> None:
    """No worker takes all of them because it woke up first."""
    api, service = pair

    def taken() -> list[int]:
        return [clients(pid, service.port) for pid in api.workers()]

    eventually(lambda: len(sockets(service.port, LISTENING)) == 2)
    with ExitStack() as stack:
        eventually(lambda: sum(taken()) == 0)
        for _ in range(CLIENTS):
            stack.enter_context(create_connection(("127.0.0.1", service.port)))
        eventually(lambda: sum(taken()) == CLIENTS)
        assert min(taken()) > LEAST, taken()


def test_connections_of_a_gateway_that_is_gone_are_no_obstacle() -> None:
    """They linger at the port for a minute."""
    with socket() as before, socket() as bound:
        for one in (before, bound):
            one.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        before.bind(("127.0.0.1", 0))
        before.listen()
        with create_connection(before.getsockname()):
            # Who closes first is who lingers.
            before.accept()[0].close()
        bound_to = before.getsockname()
        before.close()
        bound.bind(bound_to)
        loop = Loop()
        try:
            server = loop.run_until_complete(
                loop.create_server(asyncio.Protocol, sock=bound)
            )
            server.close()
            loop.run_until_complete(server.wait_closed())
        finally:
            loop.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_gateway_does_not_share_the_port(
    pair: tuple[Api, Service], workers: str
) -> None:
    """It ends and says why; the first one goes on."""
    api, service = pair
    second = subprocess.run(
        [sys.executable, "-m", "gateway", "--workers", workers],
        cwd=ROOT,
        env=service.full_environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode != 0
    assert "address already in use" in second.stderr.lower()
    assert api.get("/live").status_code == 200
