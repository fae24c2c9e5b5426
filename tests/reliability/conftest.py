"""A durable cluster that may be killed, and a gateway process that may be too."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from deploy import services
from deploy.cluster import DEPLOYER
from deploy.moulds import migrated
from deploy.process import free_port
from deploy.scratch import scratch_cluster
from deploy.state import ROOT
from tests.fleet import manned
from tests.gateway.waiting import eventually
from tests.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.background import Service
    from deploy.cluster import Cluster
    from deploy.state import Secrets


@dataclass
class Gateway:
    """A gateway process of the test's own."""

    service: Service
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return self.service.url

    def start(self) -> None:
        """Start it on its port, and wait until it is ready."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.service.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.service.full_environment,
                start_new_session=True,
            )
        eventually(self.is_ready, within=30)

    def is_ready(self) -> bool:
        try:
            return httpx.get(
                self.url + "/ready", trust_env=False, verify=PLAIN
            ).is_success
        except httpx.TransportError:
            return False

    def signal(self, number: signal.Signals) -> int:
        """Send a signal to it and its workers, and wait for the end; its code."""
        assert self.process is not None
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGKILL)


@pytest.fixture(scope="module")
def durable() -> Iterator[Cluster]:
    """A cluster with fsync, of the module's own."""
    with scratch_cluster(migrated(), settings={}) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def fleet(durable: Cluster) -> Callable[[], Any]:
    """Opens a fleet: a connection does not outlive the server."""
    return lambda: manned(durable.url(DEPLOYER))


@pytest.fixture
def gateway(
    durable: Cluster, secrets: Secrets, tmp_path: Path
) -> Iterator[Callable[..., Gateway]]:
    """Builds and starts gateways with PART_LENS_* settings."""
    made: list[Gateway] = []

    def build(*, database_url: str | None = None, **settings: str) -> Gateway:
        base = services.gateway(
            database_url=database_url or durable.url("authenticator"),
            jwt_secret=secrets.jwt_secret,
            port=free_port(),
        )
        more = {f"PART_LENS_{name}": text for name, text in settings.items()}
        found = Gateway(base.told(**more), tmp_path / f"gateway-{len(made)}.log")
        made.append(found)
        found.start()
        return found

    yield build
    for found in made:
        found.stop()
