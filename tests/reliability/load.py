"""Clients that never give up: a call is repeated with its key until it is answered."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from deploy.tokens import mint
from tests.fleet import as_json, launch
from tests.gateway.waiting import eventually
from tests.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from tests.fleet import Fleet, Part, Ship

CLIENTS = 8
PATIENCE = 60.0


class Load:
    """Clients of a gateway that consume, each its own part, one call after another."""

    def __init__(self, fleet: Fleet, url: str, secret: str) -> None:
        self.url = url
        self.secret = secret
        self.ship: Ship = launch(fleet, 1, roles=["crew"])
        self.parts = [
            fleet.part(
                self.ship.yacht_id,
                {self.ship.locker: 1_000_000},
                primary=self.ship.locker,
            )
            for _ in range(CLIENTS)
        ]
        self.answered: dict[str, str] = {}
        self.repeated = 0
        self.statuses: set[int] = set()
        self._stop = threading.Event()
        self._changed = threading.Condition()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep the clients going for a block; at its end each has its last answer."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients: list[Future[None]] = [
                pool.submit(self._client, part) for part in self.parts
            ]
            try:
                yield
            finally:
                self._stop.set()
        for client in clients:
            client.result()

    def wait_for(self, more: int) -> None:
        """Wait until so many more calls are answered."""
        wanted = len(self.answered) + more
        with self._changed:
            assert self._changed.wait_for(
                lambda: len(self.answered) >= wanted, timeout=PATIENCE
            ), "no more answers"

    def wait_for_misses(self) -> None:
        """Wait until a call was not answered and will be repeated.

        A database that is back within a second may not be missed by anybody: calls wait
        that long for a connection, and none need be under way just then.
        """
        before = self.repeated
        eventually(lambda: self.repeated > before)

    def check(self, fleet: Fleet) -> None:
        """See that the ledger has each answered call once, and nothing else."""
        rows = fleet.rows(
            "SELECT t.idempotency_key, t.transaction_id"
            " FROM public.pms_inventory_transactions AS t"
            " WHERE t.yacht_id = %s AND t.transaction_type = 'consumed'",
            [self.ship.yacht_id],
        )
        keys = [row["idempotency_key"] for row in rows]
        assert len(keys) == len(set(keys))
        kept = {row["idempotency_key"]: str(row["transaction_id"]) for row in rows}
        assert kept == self.answered
        assert fleet.faults(self.ship.yacht_id) == []

    def one(self, part: Part) -> None:
        """Make one call, and repeat it until it is answered."""
        with self._http() as http:
            self._insist(http, part)

    def _client(self, part: Part) -> None:
        with self._http() as http:
            while not self._stop.is_set():
                self._insist(http, part)

    def _http(self) -> httpx.Client:
        token = mint(self.secret, user_id=self.ship.people["crew"])
        return httpx.Client(
            base_url=self.url,
            headers={
                "content-type": "application/json",
                "authorization": f"Bearer {token}",
            },
            trust_env=False,
            verify=PLAIN,
            timeout=20,
        )

    def _insist(self, http: httpx.Client, part: Part) -> None:
        call = self.ship.movement(1, p_part_id=part.part_id)
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, "a call is never answered"
            try:
                answer = http.post("/rpc/consume_part", content=as_json(call))
            except httpx.TransportError:
                pass
            else:
                self.statuses.add(answer.status_code)
                if answer.status_code == 200:
                    return self._record(call, answer.json())
                if answer.status_code == 409:
                    body = answer.json()
                    assert body["code"] == "duplicate_idempotency_key", body
                    return self._record(call, json.loads(body["details"]))
                assert answer.status_code in (503, 504), answer.text
            self.repeated += 1
            time.sleep(0.05)

    def _record(self, call: dict[str, Any], body: dict[str, Any]) -> None:
        with self._changed:
            self.answered[call["p_idempotency_key"]] = body["transaction_id"]
            self._changed.notify_all()
