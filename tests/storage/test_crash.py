"""Bytes and rows after a crash, and the sweep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from deploy import services
from deploy.background import running, start, stop
from deploy.cluster import DEPLOYER
from deploy.process import free_port
from deploy.state import ROOT, State
from tests.fleet import manned
from tests.gateway.waiting import eventually
from tests.plain import PLAIN

from .conftest import DATABASE, PHOTOS, PNG, STORAGE_SECRET, Aboard, Api, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.background import Service
    from deploy.cluster import Cluster
    from deploy.state import Secrets
    from tests.conftest import Database


TWO_HOURS = 2 * 3600
WAITING = """
SELECT 1 FROM pg_catalog.pg_locks
WHERE NOT granted AND relation = 'storage.objects'::regclass
"""


def age(folder: Path) -> None:
    """Have all bytes look as if nobody had touched them for two hours."""
    for path in folder.rglob("*"):
        os.utime(path, times=(time.time() - TWO_HOURS,) * 2)


def sweep(service: Service) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator would, with the gateway's settings."""
    return subprocess.run(
        [sys.executable, "-m", "gateway.storage", "sweep"],
        cwd=ROOT,
        env=service.full_environment,
        capture_output=True,
        text=True,
        check=False,
    )


class Slow:
    """An upload whose second half waits to be let go."""

    def __init__(self, api: Api, aboard: Aboard, name: str, **headers: str) -> None:
        self._gate = threading.Event()
        self.answer: httpx.Response | None = None
        self._url = f"{api.url}/storage/v1/object/{PHOTOS}/{name}"
        self._headers = {
            "authorization": f"Bearer {api.token(aboard['manager'])}",
            "content-type": "image/png",
            **headers,
        }
        self._thread = threading.Thread(target=self._send, daemon=True)

    def _send(self) -> None:
        # There is no answer from a gateway that is killed.
        with suppress(httpx.TransportError):
            self.answer = httpx.post(
                self._url,
                headers=self._headers,
                content=self._content(),
                timeout=60,
                trust_env=False,
            )

    def _content(self) -> Iterator[bytes]:
        yield PNG
        self._gate.wait()
        yield PNG

    def start(self) -> None:
        self._thread.start()

    def go_on(self) -> None:
        self._gate.set()

    def ended(self) -> httpx.Response | None:
        self._gate.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.answer


@contextmanager
def locked(cluster: Cluster) -> Iterator[None]:
    """Nobody writes a row as long as the block lasts."""
    with psycopg.connect(cluster.url("postgres", DATABASE)) as connection:
        connection.execute("LOCK TABLE storage.objects IN SHARE MODE")
        yield


@pytest.mark.parametrize("upsert", ["false", "true"])
def test_a_gateway_killed_between_bytes_and_row_leaves_an_orphan(
    configured: Callable[..., Service],
    secrets: Secrets,
    cluster: Cluster,
    aboard: Aboard,
    tmp_path: Path,
    upsert: str,
) -> None:
    """No row names the bytes; they go once they are old, and no others do."""
    name, kept_name = aboard.name(), aboard.name("kept.png")
    folder, state = tmp_path / "bytes", State(tmp_path / "state")
    service = configured(folder)
    log = state.log / "gateway.log"
    with httpx.Client(timeout=30, trust_env=False, verify=PLAIN) as http:
        api = Api(service.url, http, secrets.jwt_secret, log)
        start(service, state)
        try:
            if upsert == "true":
                api.upload(aboard["manager"], name, b"before")
            api.upload(aboard["crew"], kept_name)
            kept = stored(folder)
            upload = Slow(api, aboard, name, **{"x-upsert": upsert})
            upload.start()
            eventually(lambda: stored(folder) != kept)
            with locked(cluster), cluster.connect(DATABASE) as watching:
                upload.go_on()
                eventually(lambda: watching.execute(WAITING).fetchone())
                known = running("gateway", state)
                assert known is not None
                os.kill(known.pid, signal.SIGKILL)
                assert upload.ended() is None
            [orphan] = stored(folder) - kept
            [path] = folder.rglob(orphan)
            assert path.read_bytes() == PNG + PNG
            # It may be of an upload that is under way in another gateway.
            assert sweep(service).stdout == "0 removed\n"
            age(folder)
            swept = sweep(service)
            assert (swept.returncode, swept.stdout) == (0, "1 removed\n"), swept.stderr
            assert stored(folder) == kept
            start(service, state)
            found = api.send("GET", f"object/{PHOTOS}/{name}", aboard["crew"])
            assert found.content == b"before" if upsert == "true" else found.is_error
            # The upload can be repeated.
            answer = api.upload(aboard["manager"], name, x_upsert=upsert)
            assert answer.status_code == 200
            assert api.client(aboard["crew"]).download(kept_name) == PNG
        finally:
            stop("gateway", state)


def test_an_upload_under_way_is_not_swept(
    api: Api,
    aboard: Aboard,
    folder: Path,
    configured: Callable[..., Service],
) -> None:
    before = stored(folder)
    upload = Slow(api, aboard, aboard.name())
    upload.start()
    eventually(lambda: stored(folder) != before)
    assert sweep(configured(folder)).stdout == "0 removed\n"
    answer = upload.ended()
    assert answer is not None
    assert answer.status_code == 200
    assert api.client(aboard["crew"]).download(aboard.name()) == PNG + PNG


def test_an_upload_that_breaks_off_leaves_nothing(
    api: Api, aboard: Aboard, folder: Path
) -> None:
    before = stored(folder)

    def broken() -> Iterator[bytes]:
        yield PNG
        eventually(lambda: stored(folder) != before)
        raise OSError("the client's cable")

    with pytest.raises(OSError, match="cable"):
        api.upload(aboard["crew"], aboard.name(), broken())  # type: ignore[arg-type]
    eventually(lambda: stored(folder) == before)
    assert not api.client(aboard["crew"]).exists(aboard.name())


def test_a_gateway_sweeps_when_it_starts(
    serve: Callable[..., Any],
    configured: Callable[..., Service],
    aboard: Aboard,
    tmp_path: Path,
) -> None:
    """What a row names stays, however old; what is no stored name of ours too."""
    with serve(configured(tmp_path)) as api:
        api.upload(aboard["crew"], aboard.name())
    kept = stored(tmp_path)
    orphan = "0b2f7c5e-6c7e-4a55-9d0b-0c5f0c0ffee0"
    directory = tmp_path / "tenant" / "0b"
    directory.mkdir(exist_ok=True)
    (directory / orphan).write_bytes(PNG)
    (directory / "notes.txt").write_text("an operator's")
    other = tmp_path / "another tenant" / "0b"
    other.mkdir(parents=True)
    (other / "1b2f7c5e-6c7e-4a55-9d0b-0c5f0c0ffee0").write_bytes(PNG)
    age(tmp_path)
    with serve(configured(tmp_path)):
        eventually(lambda: orphan not in stored(tmp_path))
        assert stored(tmp_path) == kept | {
            "notes.txt",
            "1b2f7c5e-6c7e-4a55-9d0b-0c5f0c0ffee0",
        }


HIDDEN = {
    "no policy": "DROP POLICY pms_objects_select_service ON storage.objects",
    "a narrower one": """
        CREATE POLICY narrow ON storage.objects
            AS RESTRICTIVE
            FOR SELECT
            USING (bucket_id = 'elsewhere')
    """,
}


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_sweep_that_cannot_see_all_rows_removes_nothing(
    fresh_database: Database, secrets: Secrets, tmp_path: Path, hidden: str
) -> None:
    """What row security hides from it would pass for an orphan."""
    name = "0b2f7c5e-6c7e-4a55-9d0b-0c5f0c0ffee0"
    (tmp_path / "tenant" / "0b").mkdir(parents=True)
    (tmp_path / "tenant" / "0b" / name).write_bytes(PNG)
    age(tmp_path)
    with manned(fresh_database.url(DEPLOYER)) as fleet:
        yacht = fleet.yacht()
        fleet.execute(
            "INSERT INTO storage.objects (bucket_id, name, version)"
            " VALUES ('pms-part-photos', %s, %s)",
            [f"{yacht}/a.png", name],
        )
    service = services.gateway(
        database_url=fresh_database.url("authenticator"),
        jwt_secret=secrets.jwt_secret,
        port=free_port(),
        storage_url=tmp_path.as_uri(),
        storage_secret=STORAGE_SECRET,
    )
    assert sweep(service).stdout == "0 removed\n"
    with fresh_database.cluster.connect(fresh_database.name) as connection:
        bypasses = connection.execute(
            "SELECT r.rolbypassrls FROM pg_catalog.pg_roles AS r"
            " WHERE r.rolname = 'service_role'"
        ).fetchone()
        connection.execute(HIDDEN[hidden].encode())
    swept = sweep(service)
    assert name in stored(tmp_path)
    if bypasses == (False,):
        assert swept.returncode == 1
        assert swept.stdout == ""
