"""Ten thousand requests that make no sense."""

from __future__ import annotations

import asyncio
import json
import string
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from deploy.tokens import mint
from tests.fleet import launch, new_id
from tests.gateway.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.cluster import Cluster
    from deploy.state import Secrets
    from tests.fleet import Ship
    from tests.reliability.conftest import Gateway

REQUESTS = 10_000
CLIENTS = 20
POOL = 5
METHODS = ("GET", *["POST"] * 8, "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
FUNCTIONS = {
    "consume_part": ("p_part_id", "p_quantity", "p_idempotency_key", "p_notes"),
    "transfer_part": ("p_part_id", "p_from_location_id", "p_to_location_id"),
    "create_part": ("p_part_number", "p_name", "p_min_level", "p_idempotency_key"),
    "import_parts": ("p_rows", "p_idempotency_key", "p_dry_run"),
    "update_part": ("p_part_id", "p_changes", "p_idempotency_key"),
    "adjust_stock_quantity": ("p_part_id", "p_counted_quantity", "p_signature"),
    "search_parts": ("p_query", "p_after", "p_limit"),
    "view_part_details": ("p_part_id",),
    "stock_history": ("p_part_id", "p_after", "p_limit"),
    "on_hand_as_of": ("p_part_id", "p_at", "p_clock"),
    "nothing": ("p_nothing",),
}
STRAY = ("select", "limit", "p_nothing", "P_PART_ID", "")
PATHS = (*["/rpc/{}"] * 6, "/rest/v1/rpc/{}", "/{}", "/rpc/{}/x", "/rpc/", "//")
JSON = "application/json"
TYPES = (*[JSON] * 8, "text/csv", "application/x-www-form-urlencoded", "x", "")
HEADERS = (
    "Accept: application/vnd.pgrst.object+json",
    "Accept: text/csv",
    "Accept: \xff",
    "Prefer: tx=rollback, handling=strict, count=exact",
    "Prefer: handling=strict, nonsense=1",
    "Range: 5-1",
    "Range: bytes=0-",
    "Content-Profile: private",
    "Accept-Profile: pg_catalog",
    "Content-Encoding: gzip",
    "X-Request-Id: \x01",
    "Cookie: a=b; c",
    "Authorization: Bearer a.b.c",
    "Authorization: Basic eDp5",
)


class Monkey:
    """Makes requests at random, the same for the same seed."""

    def __init__(self, seed: int, token: str, ship: Ship) -> None:
        self.random = Random(seed)  # noqa: S311 - noise, not a secret
        self.token = token
        self.yachts = [str(ship.yacht_id)] * 5 + [str(new_id())]
        self.ids = [self.yachts[0], str(ship.part.part_id), str(ship.locker)]

    def request(self) -> bytes:
        """The bytes of one request; at times not even of one."""
        roll = self.random.random()
        if roll < 0.03:
            return self.random.randbytes(self.random.randint(1, 200)) + b"\r\n\r\n"
        if roll < 0.2:
            return self.nearly()
        function = self.random.choice(list(FUNCTIONS))
        body = self.body(function)
        method, path = self.random.choice(METHODS), self.path(function)
        head = [f"{method} {path} HTTP/1.1", "Host: x"]
        if roll < 0.8:
            head.append(f"Authorization: Bearer {self.token}")
        head.append(f"Content-Type: {self.random.choice(TYPES)}")
        head += self.random.sample(HEADERS, self.random.randint(0, 2))
        head.append(f"Content-Length: {len(body)}")
        text = "\r\n".join([*head, "", ""])
        return text.encode("latin-1") + body

    def nearly(self) -> bytes:
        """A call in good order, but for the values."""
        function = self.random.choice(list(FUNCTIONS))
        arguments: dict[str, Any] = {name: self.value() for name in FUNCTIONS[function]}
        arguments["p_yacht_id"] = self.random.choice(self.yachts)
        body = json.dumps(arguments).encode()
        head = [
            f"POST /rpc/{function} HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {self.token}",
            f"Content-Type: {JSON}",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*head, "", ""]).encode() + body

    def names(self, function: str) -> list[str]:
        names = ["p_yacht_id", *FUNCTIONS[function]][: self.random.randint(0, 6)]
        return names + self.random.choices(STRAY, k=self.random.choice([0, 0, 0, 1]))

    def path(self, function: str) -> str:
        shapes = ["/rpc/{}"] * 6 + [
            "/rest/v1/rpc/{}",
            "/{}",
            "/rpc/{}/x",
            "/rpc/",
            "//",
        ]
        path = self.random.choice(shapes).format(function)
        if self.random.random() < 0.3:
            names = self.names(function)
            path += "?" + "&".join(f"{n}={quote(self.text())}" for n in names)
        if self.random.random() < 0.05:
            path += self.random.choice(["%", "%00", "%ff", "#", "?&&==", "\x7f"])
        return path

    def body(self, function: str) -> bytes:
        roll = self.random.random()
        if roll < 0.1:
            return self.random.randbytes(self.random.randint(0, 300))
        if roll < 0.2:
            return b"[" * self.random.choice([1, 100, 10_000])
        arguments = {name: self.value() for name in self.names(function)}
        if "p_yacht_id" in arguments and self.random.random() < 0.8:
            arguments["p_yacht_id"] = self.random.choice(self.yachts)
        text = json.dumps(arguments).encode()
        if roll < 0.3:
            return text[: self.random.randint(0, len(text))]
        return b"[" + text + b"]" if roll < 0.4 else text

    def value(self, depth: int = 0) -> Any:
        choices: list[Any] = [None, True, -1, 0, 1e308, 10**30, 2**31, self.text()]
        choices += [*self.ids * 3, "\x00", "\ud800", "infinity", {}, []]
        if depth < 3:
            choices += [[self.value(depth + 1)], {self.text(): self.value(depth + 1)}]
        return self.random.choice(choices)

    def text(self) -> str:
        letters = string.printable + "é\u202e\U0001f6e5"
        return "".join(self.random.choices(letters, k=self.random.randint(0, 20)))


def test_malformed_requests_break_nothing(
    durable: Cluster,
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
) -> None:
    """No 5xx, no connection left behind, and the next good call is answered."""
    server = gateway(POOL_SIZE=str(POOL))
    with fleet() as found:
        ship = launch(found, 10)
        token = mint(secrets.jwt_secret, user_id=ship.captain)
        monkeys = [Monkey(seed, token, ship) for seed in range(CLIENTS)]
        statuses = asyncio.run(_all(server.url, monkeys))
        assert statuses.total() == REQUESTS
        assert {s: n for s, n in statuses.items() if s >= 500} == {}
        # Otherwise the noise did not get past the front door.
        assert {200, 400, 401, 403, 404, 405, 406} <= statuses.keys(), statuses
        eventually(lambda: _connections(durable) == (POOL + 1, 0))
        assert found.faults(ship.yacht_id) == []
        assert server.is_ready()
        assert '"bug"' not in server.log.read_text(encoding="utf-8")


async def _all(url: str, monkeys: list[Monkey]) -> Counter[int]:
    found = await asyncio.gather(*(_one(url, monkey) for monkey in monkeys))
    return sum(found, Counter())


async def _one(url: str, monkey: Monkey) -> Counter[int]:
    """Send one client's share, each on a connection of its own, as noise would be."""
    at = urlsplit(url)
    seen: Counter[int] = Counter()
    for _ in range(REQUESTS // CLIENTS):
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        try:
            request = monkey.request()
            writer.write(request)
            if b" HTTP/1.1\r\n" not in request:
                # Whatever it is may never end. A half-closed client is one that left.
                writer.write_eof()
            line = await asyncio.wait_for(reader.readline(), 30)
            # A server may hang up on what is no HTTP; 0 is no status.
            seen[int(line.split()[1]) if line.startswith(b"HTTP/") else 0] += 1
        except ConnectionError:
            seen[0] += 1
        finally:
            writer.close()
    return seen


def _connections(cluster: Cluster) -> tuple[int, int]:
    """Connections of the gateways, and those that sit in a transaction."""
    with cluster.connect() as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%')"
            " FROM pg_stat_activity WHERE usename = 'authenticator'"
        ).fetchone()
        assert row is not None
        return row[0], row[1]
