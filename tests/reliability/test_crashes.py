"""Servers that die under load: nothing answered is lost, nothing is done twice."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

from tests.gateway.test_outages import TERMINATE, kill
from tests.gateway.waiting import eventually
from tests.reliability.load import Load

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.cluster import Cluster
    from deploy.state import Secrets
    from tests.reliability.conftest import Gateway


def test_a_killed_database_loses_nothing_that_was_answered(
    durable: Cluster,
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
) -> None:
    """SIGKILL to every process of PostgreSQL, and a restart: the gateway recovers."""
    server = gateway()
    with fleet() as found:
        load = Load(found, server.url, secrets.jwt_secret)
    with load.running():
        load.wait_for(100)
        kill(durable)
        eventually(lambda: not server.is_ready())
        load.wait_for_misses()
        durable.start()
        load.wait_for(100)
    assert load.statuses - {200, 409, 503} == set()
    with fleet() as found:
        load.check(found)


def test_a_killed_gateway_does_nothing_twice(
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
) -> None:
    """Clients repeat with their keys what the dead gateway did not answer."""
    server = gateway()
    with fleet() as found:
        load = Load(found, server.url, secrets.jwt_secret)
    with load.running():
        for _ in range(3):
            load.wait_for(50)
            server.signal(signal.SIGKILL)
            server.start()
        load.wait_for(50)
    assert load.repeated > 0
    with fleet() as found:
        load.check(found)


def test_terminated_backends_are_replaced_under_load(
    durable: Cluster,
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
) -> None:
    """An administrator ends every connection, again and again."""
    server = gateway()
    with fleet() as found:
        load = Load(found, server.url, secrets.jwt_secret)
    with load.running():
        for _ in range(3):
            load.wait_for(40)
            with durable.connect() as connection:
                connection.execute(TERMINATE)
        load.wait_for(40)
    assert load.statuses - {200, 409, 503} == set()
    with fleet() as found:
        load.check(found)


def test_a_gateway_told_to_stop_answers_what_runs(
    durable: Cluster,
    fleet: Callable[[], Any],
    gateway: Callable[..., Gateway],
    secrets: Secrets,
) -> None:
    """SIGTERM: the call under way gets its answer, and the process ends well."""
    server = gateway()
    with fleet() as found:
        load = Load(found, server.url, secrets.jwt_secret)
        answered = threading.Thread(target=load.one, args=(load.parts[0],))
        with found.connection.transaction():
            found.execute(
                "SELECT FROM public.pms_inventory_stock WHERE stock_id = %s FOR UPDATE",
                [load.parts[0].stocks[load.ship.locker]],
            )
            answered.start()
            eventually(lambda: _waiting(durable))
            assert server.process is not None
            server.process.terminate()
            eventually(lambda: not server.is_ready())
            assert server.process.poll() is None
        answered.join()
        # uvicorn ends by the signal that it was told to end by.
        assert server.process.wait(timeout=30) in (0, -signal.SIGTERM)
        assert load.statuses == {200}
        assert load.repeated == 0
        load.check(found)


def _waiting(cluster: Cluster) -> bool:
    with cluster.connect() as connection:
        found = connection.execute("SELECT FROM pg_locks WHERE NOT granted")
        return found.fetchone() is not None
