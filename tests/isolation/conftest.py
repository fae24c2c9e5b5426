"""Two tenants and MASTER, each on a cluster of its own, and gateways for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from deploy import services
from deploy.background import served
from deploy.cluster import DEPLOYER, Cluster
from deploy.moulds import migrated
from deploy.process import free_port
from deploy.scratch import QUICK, scratch_cluster
from deploy.tokens import mint
from tests.fleet import Fleet, as_json
from tests.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from uuid import UUID

    from deploy.background import Service
    from deploy.state import Secrets

MASTER = "MASTER"
ALIASES = ("NORTH", "SOUTH")


@dataclass
class World:
    """The clusters by name, and their databases as the deployer sees them."""

    clusters: Mapping[str, Cluster]
    fleets: dict[str, Fleet] = field(default_factory=dict, repr=False)

    def connect(self, name: str) -> None:
        """Connect to a cluster that has just been started."""
        self.disconnect(name)
        connection = psycopg.connect(self.clusters[name].url(DEPLOYER), autocommit=True)
        self.fleets[name] = Fleet(connection)

    def disconnect(self, name: str) -> None:
        if name in self.fleets:
            self.fleets.pop(name).connection.close()

    @contextmanager
    def outage(self, name: str) -> Iterator[None]:
        """Stop a cluster in the block, cutting off who is connected to it."""
        self.clusters[name].stop()
        try:
            yield
        finally:
            self.clusters[name].start()
            self.connect(name)

    def tenant(self, alias: str, *, active: bool = True) -> None:
        """Tell MASTER of a tenant."""
        self.fleets[MASTER].execute(
            "INSERT INTO master.tenants (tenant_key_alias, name, is_active)"
            " VALUES (%s, %s, %s)",
            [alias, f"{alias.title()} fleet", active],
        )

    def account(self, person: UUID, alias: str, *, active: bool = True) -> None:
        """Give a person an account, or move or change the one that they have."""
        self.fleets[MASTER].execute(
            "INSERT INTO master.user_accounts (user_id, tenant_key_alias, is_active)"
            " VALUES (%s, %s, %s) ON CONFLICT (user_id) DO UPDATE"
            " SET tenant_key_alias = excluded.tenant_key_alias,"
            " is_active = excluded.is_active",
            [person, alias, active],
        )

    def look_ups(self, person: UUID) -> int:
        """How often MASTER was asked for a person: its server logs the arguments."""
        log = self.clusters[MASTER].directory / "server.log"
        asked = f"parameters: $1 = '{person}'"
        lines = log.read_text(encoding="utf-8").splitlines()
        return sum(line.endswith(asked) for line in lines)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Three clusters for a module, of which its tests may make outages."""
    logged = {
        **QUICK,
        "log_statement": "all",
        "log_parameter_max_length": "-1",
        "log_error_verbosity": "default",
    }
    with ExitStack() as stack, ThreadPoolExecutor(3) as starters:
        starting = [
            scratch_cluster(migrated(), settings=s) for s in (logged, QUICK, QUICK)
        ]
        clusters = starters.map(stack.enter_context, starting)
        found = World(dict(zip((MASTER, *ALIASES), clusters, strict=True)))
        for name in found.clusters:
            found.connect(name)
            stack.callback(found.disconnect, name)
        for alias in ALIASES:
            found.tenant(alias)
        yield found


@dataclass(frozen=True)
class Api:
    """A gateway for both tenants."""

    http: httpx.Client = field(repr=False)
    secret: str = field(repr=False)
    log: Path

    def token(self, person: UUID | None, **claims: Any) -> str:
        return mint(self.secret, user_id=person, **claims)

    def post(
        self,
        function: str,
        arguments: Mapping[str, Any],
        person: UUID | None = None,
        *,
        token: str | None = None,
    ) -> httpx.Response:
        """Call as a person, with another token, or as nobody."""
        headers = {"content-type": "application/json"}
        if person is not None:
            token = self.token(person)
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return self.http.post(
            f"/rpc/{function}", content=as_json(arguments), headers=headers
        )

    def ready(self) -> tuple[int, dict[str, Any]]:
        answer = self.http.get("/ready")
        return answer.status_code, answer.json()


def gateway_service(
    world: World, secrets: Secrets, environment: Mapping[str, str]
) -> Service:
    """A gateway, direct route, unless the environment says otherwise."""
    base = services.gateway(
        database_url="", jwt_secret=secrets.jwt_secret, port=free_port()
    )
    given = {
        # Or "nothing was written" would be the reporter's to break.
        "PART_LENS_WINDOW_SECONDS": "0",
        "PART_LENS_MASTER_DATABASE_URL": world.clusters[MASTER].url("master_resolver"),
        **{
            f"TENANT_{alias}_DATABASE_URL": world.clusters[alias].url("authenticator")
            for alias in ALIASES
        },
    }
    return base.told(**{**given, **environment})


@contextmanager
def serving(service: Service, secrets: Secrets, log: Path) -> Iterator[Api]:
    """A running gateway."""
    with (
        served(service, log) as url,
        httpx.Client(base_url=url, trust_env=False, verify=PLAIN, timeout=20) as http,
    ):
        yield Api(http, secrets.jwt_secret, log)
