"""The demo as a newcomer runs it, and again; and what it leaves for a client."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy.cluster import DEPLOYER, Cluster, start_embedded
from deploy.demo import DemoError, demonstrate
from deploy.env import assignments
from deploy.process import free_port
from deploy.services import ROUTES, start_gateway
from deploy.signers import SIGNERS, Signer, Signers
from deploy.sqitch import migrate
from deploy.state import State
from deploy.stop import remove_state, stop_all

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
        for port in ("GATEWAY_PORT", "POSTGREST_PORT"):
            monkeypatch.setenv(port, str(free_port()))
        try:
            cluster = start_embedded(state)
            migrate(cluster.url(DEPLOYER))
            yield state, cluster
        finally:
            stop_all(state)
            remove_state(state)
        assert not state.directory.exists()


def age_codes(state: State, cluster: Cluster) -> None:
    """Let half a minute pass for everybody's codes."""
    signers = Signers.of(state)
    for persona in SIGNERS:
        known = signers.known()[persona.key]
        signers.keep(persona, Signer(known.pin, known.secret))
    with psycopg.connect(cluster.url(DEPLOYER)) as connection:
        connection.execute(
            "UPDATE private.signatures AS s SET totp_step = s.totp_step - 10000"
        )


def test_demo_runs_again_and_on_both_routes(
    installation: tuple[State, Cluster], capsys: pytest.CaptureFixture[str]
) -> None:
    """No step differs, the stock is as before, and no secret is printed."""
    state, cluster = installation
    for route in ROUTES:
        assert demonstrate(start_gateway(state, route=route), state) == 0, (
            capsys.readouterr().out
        )
        age_codes(state, cluster)
    with psycopg.connect(cluster.url(DEPLOYER)) as connection:
        connection.execute("UPDATE public.feature_flags SET canary_percentage = 99")
    with pytest.raises(DemoError, match="make canary-set PERCENT=100"):
        demonstrate(start_gateway(state, route="direct"), state)
    printed = capsys.readouterr().out
    assert printed.count("400 signature_required") == 2
    assert printed.count("the chief engineer signs from now on") == 1
    known = Signers.of(state).known()
    assert known.keys() == {persona.key for persona in SIGNERS}
    told = assignments(state)
    for key, signer in known.items():
        assert signer.pin not in printed
        assert signer.secret not in printed
        assert told[f"PIN_{key}"] == signer.pin
        assert told[f"TOTP_SECRET_{key}"] == signer.secret
