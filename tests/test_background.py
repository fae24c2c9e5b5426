"""Background services: started once, restarted when they changed, never mistaken."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.background import Service, ServiceError, running, served, start, stop
from deploy.process import birth, free_port
from deploy.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "gateway"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state")
    yield state
    stop(NAME, state)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A server that any Python has."""
    port = free_port()
    code = tmp_path / "code"
    code.mkdir()
    (code / "module.py").write_text("first")
    return Service(
        name=NAME,
        argv=(sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"),
        environment={"PART_LENS_SECRET": "hunter22"},
        port=port,
        ready_url=f"http://127.0.0.1:{port}/",
        code=(code,),
        setting="GATEWAY_PORT",
    )


def pid(state: State) -> int:
    known = running(NAME, state)
    assert known is not None
    return known.pid


def test_a_second_start_leaves_it_alone(service: Service, state: State) -> None:
    """What runs as it should is not touched."""
    assert start(service, state) is True
    before = pid(state)
    assert start(service, state) is False
    assert pid(state) == before


def test_changed_code_restarts_it(service: Service, state: State) -> None:
    """So does another setting: both make another fingerprint."""
    start(service, state)
    before = pid(state)
    (service.code[0] / "module.py").write_text("second")
    assert start(service, state) is True
    assert pid(state) != before
    after = pid(state)
    changed = dataclasses.replace(service, environment={"PART_LENS_POOL_SIZE": "3"})
    assert start(changed, state) is True
    assert pid(state) != after


def test_a_taken_port_is_told_and_left(service: Service, state: State) -> None:
    """The error names the setting, and nobody else's process is ended."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        blocked = dataclasses.replace(service, port=other.getsockname()[1])
        with pytest.raises(ServiceError, match=r"taken .* GATEWAY_PORT="):
            start(blocked, state)
    assert running(NAME, state) is None


def test_a_service_that_dies_shows_its_last_lines(
    service: Service, state: State
) -> None:
    """The reason stands in the error, so that nobody has to look for the log."""
    argv = (sys.executable, "-c", "raise SystemExit('no such setting')")
    broken = dataclasses.replace(service, argv=argv)
    with pytest.raises(ServiceError, match=r"(?s)ended with code 1.*no such setting"):
        start(broken, state)
    assert running(NAME, state) is None


def test_stop_ends_only_what_it_started(service: Service, state: State) -> None:
    """A pid that belongs to another process by now is not touched."""
    start(service, state)
    memory = state.run / f"{NAME}.json"
    known = json.loads(memory.read_text())
    memory.write_text(json.dumps({**known, "pid": os.getpid()}))
    assert stop(NAME, state) is False
    memory.write_text(json.dumps(known))
    assert stop(NAME, state) is True
    assert birth(known["pid"]) != known["born"]
    assert stop(NAME, state) is False


def test_a_copied_clone_leaves_the_original_s_service_alone(
    service: Service, state: State, tmp_path: Path
) -> None:
    """Whose process it is stands in the memory, which is copied with the clone."""
    start(service, state)
    copy = State(tmp_path / "copy")
    shutil.copytree(state.directory, copy.directory)
    assert running(NAME, copy) is None
    assert stop(NAME, copy) is False
    assert running(NAME, state) is not None


def test_nothing_secret_is_remembered_or_shown(service: Service, state: State) -> None:
    """The memory holds a digest of the environment, the text of a service nothing."""
    start(service, state)
    assert "hunter22" not in (state.run / f"{NAME}.json").read_text()
    assert "hunter22" not in repr(service)


def test_served_ends_with_its_block(service: Service, tmp_path: Path) -> None:
    """After the block the port is free again."""
    with served(service, tmp_path / "log") as url:
        assert url.endswith(str(service.port))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", service.port)) != 0
