"""A primary that dies, and a standby that takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cluster import DEPLOYER
from deploy.moulds import migrated
from deploy.scratch import scratch_cluster
from tests.fleet import manned
from tests.gateway.test_outages import kill
from tests.gateway.waiting import eventually
from tests.reliability.load import Load
from tests.reliability.standby import allow_replication, either, streaming_standby

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.cluster import Cluster
    from deploy.state import Secrets
    from tests.reliability.conftest import Gateway


def test_the_gateway_follows_a_promoted_standby_and_nothing_is_lost(
    gateway: Callable[..., Gateway], secrets: Secrets
) -> None:
    """With synchronous replication an answered call is on the standby too."""
    with scratch_cluster(migrated(), settings={}) as primary:
        allow_replication(primary)
        with streaming_standby(primary) as standby:
            _replicate_synchronously(primary)
            server = gateway(
                database_url=either(primary, standby, "authenticator"),
                LISTEN_URL=either(primary, standby, "authenticator"),
            )
            with manned(primary.url(DEPLOYER)) as fleet:
                load = Load(fleet, server.url, secrets.jwt_secret)
            with load.running():
                load.wait_for(60)
                kill(primary)
                load.wait_for_misses()
                with standby.connect() as connection:
                    connection.execute("SELECT pg_promote()")
                load.wait_for(60)
            assert load.statuses - {200, 409, 503} == set()
            with manned(standby.url(DEPLOYER)) as fleet:
                load.check(fleet)


def _replicate_synchronously(primary: Cluster) -> None:
    with primary.connect() as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
        eventually(
            lambda: (
                connection.execute(
                    "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'"
                ).fetchone()
                is not None
            )
        )
