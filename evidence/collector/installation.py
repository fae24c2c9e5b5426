"""Which installation evidence is taken of: the one here, or one that is named."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from deploy.background import running
from deploy.cluster import DEPLOYER, start_embedded
from deploy.services import start_gateway
from deploy.sqitch import migrate
from deploy.state import State
from evidence.collector.ground import Tenancy, UnreadyError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED = ("PART_LENS_URL", "DATABASE_URL")
# Where several tenants are behind the URL.
TENANCY = ("TENANT", "MASTER_DATABASE_URL")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where calls and SQL go, and what signs the tokens of its people.

    `tenant` is the alias of whose database it is, and `master_url` MASTER as its
    deployer; both are empty where there is one tenant.
    """

    url: str
    # Whether it is the one that `make demo` leaves, on this machine.
    is_here: bool
    database_url: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    tenant: str = ""
    master_url: str = field(default="", repr=False)

    @contextmanager
    def tenancy(self) -> Iterator[Tenancy | None]:
        """Connect to MASTER, where there is one."""
        if not self.tenant:
            yield None
            return
        with psycopg.connect(self.master_url, autocommit=True) as master:
            yield Tenancy(self.tenant, master)


def installation() -> Installation:
    """The one in the environment, else the one here, started if it is not.

    :raises UnreadyError: half of one is named.
    """
    named = _pair(NAMED)
    secret = os.environ.get("JWT_SECRET") or os.environ.get("PART_LENS_JWT_SECRET")
    if all(named):
        secret = secret or State.current().secrets().jwt_secret
        tenant, master_url = _pair(TENANCY)
        return Installation(
            url=named[0].rstrip("/"),
            is_here=False,
            database_url=named[1],
            jwt_secret=secret,
            tenant=tenant.upper(),
            master_url=master_url,
        )
    state = State.current()
    cluster = start_embedded(state)
    gateway = running("gateway", state)
    if gateway is None:
        migrate(cluster.url(DEPLOYER))
    return Installation(
        url=gateway.url if gateway else start_gateway(state, route="direct"),
        is_here=True,
        database_url=cluster.url(DEPLOYER),
        jwt_secret=state.secrets().jwt_secret,
    )


def _pair(names: tuple[str, str]) -> tuple[str, str]:
    """Two variables of the environment, both or none."""
    first, second = (os.environ.get(name, "") for name in names)
    if bool(first) != bool(second):
        raise UnreadyError(f"{' and '.join(names)} go together: one is missing")
    return first, second
