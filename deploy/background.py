"""Processes that stay when the command that started them has ended.

Each is remembered in a file of `State.run` by its pid and the time of its birth, so
that nothing else is ever stopped, and by a fingerprint of its configuration and code,
so that a second start leaves it alone unless one of them has changed.

The standard library only: `make clean` must work when the environment is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from deploy.process import birth, end, port_is_free
from deploy.state import ROOT, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAMES = ("gateway", "postgrest")
PATIENCE = 30.0
# What else of the caller's environment configures a service.
SETTINGS = ("PART_LENS_", "PGRST_", "TENANT_")


class ServiceError(Exception):
    """A service cannot be started; the text says why in a few lines."""


@dataclass(frozen=True)
class Service:
    """A server to run: its command, its environment, its port and where it says ready.

    `environment` may hold secrets. `code` are the files and directories whose change
    calls for a restart. `setting` is how a user chooses another port.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    port: int
    ready_url: str
    code: tuple[Path, ...]
    setting: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def full_environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def told(self, *arguments: str, **environment: object) -> Service:
        """The same service, with more arguments and another environment."""
        more = {name: str(value) for name, value in environment.items()}
        return replace(
            self,
            argv=(*self.argv, *arguments),
            environment={**self.environment, **more},
        )

    def fingerprint(self) -> str:
        """A digest of all that decides how the process behaves."""
        digest = hashlib.sha256(repr(self.argv).encode())
        for name, value in sorted(self.full_environment.items()):
            if name.startswith(SETTINGS):
                digest.update(f"\0{name}={value}".encode())
        for path in self.code:
            files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
            for file in files:
                digest.update(file.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Known:
    """A background process as it was remembered."""

    pid: int
    born: str
    port: int
    ready_url: str
    fingerprint: str
    # The state that it belongs to: a clone may be copied with its memory.
    directory: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def running(name: str, state: State) -> Known | None:
    """The background process of this name, None if it does not run or is another's."""
    try:
        known = Known(**json.loads(_memory(name, state).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return None
    ours = known.directory == _identity(state)
    return known if ours and birth(known.pid) == known.born else None


def start(service: Service, state: State) -> bool:
    """Have the service run in the background and answer; False if it did already.

    ServiceError if its port is another's, or if it ends or stays silent.
    """
    fingerprint = service.fingerprint()
    known = running(service.name, state)
    if known is not None and known.fingerprint == fingerprint:
        return False
    if known is not None and known.port == service.port:
        stop(service.name, state)
    if not port_is_free(service.port):
        raise ServiceError(
            f"port {service.port} is taken by another program: choose one with"
            f" {service.setting}=…"
        )
    stop(service.name, state)
    log = state.log / f"{service.name}.log"
    with log.open("ab") as output:
        since = output.tell()
        process = _spawn(service, output)
        known = Known(
            pid=process.pid,
            born=birth(process.pid) or "",
            port=service.port,
            ready_url=service.ready_url,
            fingerprint=fingerprint,
            directory=_identity(state),
        )
        memory = state.run / f"{service.name}.json"
        memory.write_text(json.dumps(known.__dict__), encoding="utf-8")
        try:
            _wait(service, process, log, since)
        except ServiceError:
            stop(service.name, state)
            raise
        finally:
            # It is to outlive us: Popen would warn of a child that nobody waited for.
            process.returncode = process.returncode or 0
    return True


def stop(name: str, state: State) -> bool:
    """Stop the background process of this name; False if it did not run."""
    known = running(name, state)
    stopped = known is not None and end(known.pid, known.born)
    with suppress(FileNotFoundError):
        _memory(name, state).unlink()
    return stopped


@contextmanager
def served(service: Service, log: Path) -> Iterator[str]:
    """Run the service as long as the block lasts; yields its URL. Output goes to `log`.

    ServiceError if it does not come up.
    """
    with attended(service, log):
        yield service.url


@contextmanager
def attended(service: Service, log: Path) -> Iterator[int]:
    """As `served`; yields the process's id, which is also that of its session."""
    with log.open("ab") as output:
        since = output.tell()
        process = _spawn(service, output)
        try:
            _wait(service, process, log, since)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _memory(name: str, state: State) -> Path:
    return state.directory / "run" / f"{name}.json"


def _identity(state: State) -> str:
    return str(state.directory.resolve())


def _spawn(service: Service, output: BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        service.argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=service.full_environment,
        start_new_session=True,
    )


def _wait(
    service: Service, process: subprocess.Popen[bytes], log: Path, since: int
) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(service.ready_url):
        if process.poll() is not None:
            what = f"ended with code {process.returncode}"
        elif time.monotonic() > deadline:
            what = f"is not ready after {PATIENCE:.0f} s"
        else:
            time.sleep(0.05)
            continue
        with log.open("rb") as written:
            written.seek(since)
            lines = written.read().decode(errors="replace").splitlines()[-8:]
        raise ServiceError(
            "\n  ".join([f"the {service.name} {what}; {log} says:", *lines])
        )


def _answers(url: str) -> bool:
    # No proxy may stand between us and loopback.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
