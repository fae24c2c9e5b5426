"""Which installation evidence is taken of: the one here, or one that is named."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from deploy.background import running
from deploy.cluster import DEPLOYER, start_embedded
from deploy.services import start_gateway
from deploy.sqitch import migrate
from deploy.state import State
from evidence.collector.ground import UnreadyError

NAMED = ("PART_LENS_URL", "DATABASE_URL")


@dataclass(frozen=True)
class Installation:
    """Where calls and SQL go, and what signs the tokens of its people."""

    url: str
    # Whether it is the one that `make demo` leaves, on this machine.
    is_here: bool
    database_url: str = field(repr=False)
    jwt_secret: str = field(repr=False)


def installation() -> Installation:
    """The one in the environment, else the one here, started if it is not.

    :raises UnreadyError: half of one is named.
    """
    named = [os.environ.get(name, "") for name in NAMED]
    secret = os.environ.get("JWT_SECRET") or os.environ.get("PART_LENS_JWT_SECRET")
    if all(named):
        secret = secret or State.current().secrets().jwt_secret
        return Installation(named[0].rstrip("/"), False, named[1], secret)
    if any(named):
        raise UnreadyError(f"{' and '.join(NAMED)} go together: one is missing")
    state = State.current()
    cluster = start_embedded(state)
    gateway = running("gateway", state)
    if gateway is None:
        migrate(cluster.url(DEPLOYER))
    return Installation(
        gateway.url if gateway else start_gateway(state, route="direct"),
        True,
        cluster.url(DEPLOYER),
        state.secrets().jwt_secret,
    )
