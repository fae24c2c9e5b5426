"""The demo as a newcomer runs it, and again; and what it leaves for a client."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy import postgrest as postgrest_tool
from deploy import services
from deploy.background import Service, served
from deploy.cluster import DEPLOYER, Cluster, start_embedded
from deploy.demo import demonstrate
from deploy.process import free_port
from deploy.signers import SIGNERS, Signer, Signers
from deploy.sqitch import migrate
from deploy.state import State
from deploy.stop import remove_state

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[State, Cluster]]:
    """An embedded cluster with the schema, in a state directory of its own."""
    # Not pytest's tmp_path: the account that runs PostgreSQL could not reach it.
    with tempfile.TemporaryDirectory(prefix="part-lens-") as directory:
        Path(directory).chmod(0o711)
        state = State(Path(directory) / "state")
        monkeypatch.setenv("PART_LENS_STATE", str(state.directory))
        try:
            cluster = start_embedded(state)
            migrate(cluster.url(DEPLOYER))
            yield state, cluster
        finally:
            remove_state(state)
        assert not state.directory.exists()


@contextmanager
def gateway(
    state: State, cluster: Cluster, postgrest_url: str | None = None
) -> Iterator[str]:
    service: Service = services.gateway(
        database_url=cluster.url("authenticator"),
        jwt_secret=state.secrets().jwt_secret,
        port=free_port(),
        postgrest_url=postgrest_url,
    )
    with served(service, state.log / "gateway") as url:
        yield url


def age_codes(state: State, cluster: Cluster) -> None:
    """Let half a minute pass for everybody's codes."""
    signers = Signers.of(state)
    for persona in SIGNERS:
        known = signers.known()[persona.key]
        signers.keep(persona, Signer(known.pin, known.secret))
    with psycopg.connect(cluster.url(DEPLOYER)) as connection:
        connection.execute(
            "UPDATE private.signatures AS s SET totp_step = -n.place FROM ("
            " SELECT g.signature_id, row_number() OVER () AS place"
            " FROM private.signatures AS g) AS n"
            " WHERE n.signature_id = s.signature_id"
        )


def test_demo_runs_again_and_on_both_routes(
    installation: tuple[State, Cluster], capsys: pytest.CaptureFixture[str]
) -> None:
    """No step differs, the stock is as before, and no secret is printed."""
    state, cluster = installation
    with gateway(state, cluster) as url:
        assert demonstrate(url, state) == 0, capsys.readouterr().out
    age_codes(state, cluster)
    postgrest = postgrest_tool.service(
        database_url=cluster.url("authenticator"),
        jwt_secret=state.secrets().jwt_secret,
        port=free_port(),
    )
    with (
        served(postgrest, state.log / "postgrest") as behind,
        gateway(state, cluster, behind) as url,
    ):
        assert demonstrate(url, state) == 0, capsys.readouterr().out
    printed = capsys.readouterr().out
    assert printed.count("400 signature_required") == 2
    assert printed.count("the chief engineer signs from now on") == 1
    known = Signers.of(state).known()
    assert known.keys() == {persona.key for persona in SIGNERS}
    for signer in known.values():
        assert signer.pin not in printed
        assert signer.secret not in printed
