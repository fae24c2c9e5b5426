"""The HTTP servers that are measured, in front of one database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy import postgrest, services
from deploy.background import attended
from deploy.bench.fleet import CREW_ID
from deploy.bench.load import wrk
from deploy.bench.machine import session_memory, session_seconds
from deploy.process import free_port
from deploy.tokens import mint
from gateway.settings import POOL_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.background import Service
    from deploy.bench.fleet import Fleet
    from deploy.bench.load import Load
    from deploy.bench.measurement import Bench
    from deploy.bench.rpcs import Rpc

# Connections to the database: each has what it has by default. A gateway's workers
# share theirs out; PostgREST is slower with fewer.
POSTGREST_POOL = 10


@dataclass(frozen=True)
class Way:
    """A way to the database: a gateway with so many workers, or 0 for PostgREST alone.

    `forwarding` gateways have the PostgREST behind them.
    """

    workers: int = 0
    forwarding: bool = False

    def __str__(self) -> str:
        if not self.workers:
            return "PostgREST"
        plural = "s" if self.workers > 1 else ""
        before = " → PostgREST" if self.forwarding else ""
        return f"gateway, {self.workers} worker{plural}{before}"


POSTGREST = Way()


class Servers:
    """Servers of one database, each at the end of a way."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._urls: dict[Way, str] = {}
        # The processes that a call passes through, by the id of their session.
        self._sessions: dict[Way, tuple[int, ...]] = {}

    def start(self, fleet: Fleet, ways: Sequence[Way]) -> None:
        """Start them, PostgREST first; they run until the benchmark ends."""
        url, secret = fleet.url("authenticator"), self._bench.secrets.jwt_secret
        for way in ways:
            if way == POSTGREST:
                service = postgrest.service(
                    database_url=url, jwt_secret=secret, port=free_port()
                ).told(PGRST_DB_POOL=POSTGREST_POOL)
            else:
                service = services.gateway(
                    database_url=url,
                    jwt_secret=secret,
                    port=free_port(),
                    postgrest_url=self._urls[POSTGREST] if way.forwarding else None,
                )
                service = service.told(
                    *("--workers", str(way.workers)),
                    PART_LENS_POOL_SIZE=max(1, POOL_SIZE // way.workers),
                )
            self._attend(service, way)

    def _attend(self, service: Service, way: Way) -> None:
        log = self._bench.logs / f"{service.name}-{service.port}.log"
        pid = self._bench.stack.enter_context(attended(service, log))
        self._urls[way] = service.url
        behind = self._sessions[POSTGREST] if way.forwarding else ()
        self._sessions[way] = (pid, *behind)

    def seconds(self, way: Way) -> float:
        """Processor time that the processes on this way have used so far."""
        return sum(map(session_seconds, self._sessions[way]))

    def memory(self, way: Way) -> float:
        """Resident memory of the server at the end of a way, in MiB."""
        return session_memory(self._sessions[way][0])

    def call(
        self, way: Way, rpc: Rpc, *, fleet: Fleet, seconds: float, connections: int
    ) -> Load:
        """Have wrk call an RPC."""
        return wrk(
            self._urls[way],
            rpc,
            token=mint(self._bench.secrets.jwt_secret, user_id=CREW_ID),
            seconds=seconds,
            connections=connections,
            parts=fleet.parts,
        )
