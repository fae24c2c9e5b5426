"""What happens when there is too little: connections, time, patience."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from deploy.tokens import mint
from tests.fleet import Answer, Wire, as_json, launch
from tests.gateway.waiting import eventually
from tests.plain import PLAIN
from tests.reliability import raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from deploy.cluster import Cluster
    from deploy.state import Secrets
    from tests.fleet import Fleet, Ship
    from tests.reliability.conftest import Gateway

LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Dock:
    """A ship with one stock, and its crew's calls of a gateway."""

    ship: Ship
    token: str
    wire: Wire

    def consume(self, **more: Any) -> Answer:
        person = self.ship.people["crew"]
        return self.wire(person, "consume_part", **self.ship.movement(1, **more))

    def look(self) -> Answer:
        return self.wire(
            self.ship.people["crew"], "action_list", p_yacht_id=self.ship.yacht_id
        )


@contextmanager
def docked(fleet: Fleet, server: Gateway, secrets: Secrets) -> Iterator[Dock]:
    """A ship of the test's own."""
    ship = launch(fleet, 100, roles=["crew"])
    token = mint(secrets.jwt_secret, user_id=ship.people["crew"])
    with httpx.Client(
        base_url=server.url, trust_env=False, verify=PLAIN, timeout=20
    ) as http:
        yield Dock(ship, token, Wire(http, secrets.jwt_secret))


@contextmanager
def locked(fleet: Fleet, ship: Ship) -> Iterator[None]:
    """Hold the stock's row."""
    with fleet.connection.transaction():
        fleet.execute(
            "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
            [ship.stock_id],
        )
        yield


def waiting(cluster: Cluster) -> int:
    """How many sessions wait for a lock."""
    with cluster.connect() as connection:
        row = connection.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
        ).fetchone()
        assert row is not None
        number: int = row[0]
        return number


def test_an_exhausted_pool_answers_in_time(
    durable: Cluster,
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
) -> None:
    """504 PGRST003 after the pool's time-out, not a hang; and it recovers."""
    server = gateway(POOL_SIZE="2", POOL_TIMEOUT="1")
    with (
        fleet() as found,
        docked(found, server, secrets) as dock,
        ThreadPoolExecutor(2) as pool,
    ):
        with locked(found, dock.ship):
            held: list[Future[Answer]] = [pool.submit(dock.consume) for _ in range(2)]
            eventually(lambda: waiting(durable) == 2)
            begun = time.monotonic()
            answer = dock.look()
            assert (answer.status, answer.code) == (504, "PGRST003")
            # Far from the client's patience: that is all a shared machine can promise.
            assert time.monotonic() - begun < 10
        assert [call.result().status for call in held] == [200, 200]
        assert dock.look().status == 200


@pytest.mark.parametrize(
    ("setting", "code"), [("statement_timeout", "57014"), ("lock_timeout", "55P03")]
)
def test_time_limits_of_a_role_end_a_call(
    durable: Cluster,
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
    setting: str,
    code: str,
) -> None:
    """The role's own limit counts, nothing of the call stays, its key is free."""
    with durable.connect() as connection:
        connection.execute(f"ALTER ROLE authenticated SET {setting} = '300ms'")
        try:
            server = gateway(POOL_SIZE="1")
        finally:
            connection.execute(f"ALTER ROLE authenticated RESET {setting}")
    with fleet() as found, docked(found, server, secrets) as dock:
        call = {"p_idempotency_key": "once"}
        with locked(found, dock.ship):
            answer = dock.consume(**call)
            assert (answer.status, answer.code) == (500, code)
        assert dock.consume(**call).status == 200
        assert found.on_hand(dock.ship.yacht_id) == {dock.ship.stock_id: 99}


def test_a_client_that_leaves_blocks_nobody(
    durable: Cluster,
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
) -> None:
    """Its call ends, its connection serves the next, and a retry is told."""
    server = gateway(POOL_SIZE="1")
    with fleet() as found, docked(found, server, secrets) as dock:
        body = as_json(dock.ship.movement(1, p_idempotency_key="gone")).encode()
        with locked(found, dock.ship), raw.connection(server.url) as client:
            length = f"Content-Length: {len(body)}"
            client.sendall(raw.head("/rpc/consume_part", dock.token, length) + body)
            eventually(lambda: waiting(durable) == 1)
        again = dock.consume(p_idempotency_key="gone")
        assert (again.status, again.code) in [
            (409, "duplicate_idempotency_key"),
            (200, None),
        ]
        assert found.on_hand(dock.ship.yacht_id) == {dock.ship.stock_id: 99}


def test_slow_bodies_hold_no_connection_of_the_database(
    fleet: Callable[[], Any], gateway: Callable[..., Gateway], secrets: Secrets
) -> None:
    """Fifty clients that never finish their body cost fifty sockets and no more."""
    server = gateway(POOL_SIZE="1")
    with fleet() as found, docked(found, server, secrets) as dock:
        started = raw.head("/rpc/consume_part", dock.token, "Content-Length: 100")
        with ExitStack() as clients:
            for _ in range(50):
                client = clients.enter_context(raw.connection(server.url))
                client.sendall(started + b"{")
            assert dock.consume().status == 200
        assert dock.consume().status == 200


def test_oversized_bodies_are_refused_early(
    fleet: Callable[[], Any], gateway: Callable[..., Gateway], secrets: Secrets
) -> None:
    """By their declared length at once, by their real one while it comes."""
    server = gateway()
    with fleet() as found, docked(found, server, secrets) as dock:
        with raw.connection(server.url) as client:
            length = f"Content-Length: {LIMIT + 1}"
            client.sendall(raw.head("/rpc/consume_part", dock.token, length))
            assert raw.status(client) == 413
        with raw.connection(server.url) as client:
            client.sendall(
                raw.head("/rpc/consume_part", dock.token, "Transfer-Encoding: chunked")
            )
            piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            for _ in range(LIMIT // 0x10000 + 1):
                client.sendall(piece)
            assert raw.status(client) == 413
        assert dock.look().status == 200
