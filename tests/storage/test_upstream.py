"""Where the bytes are not the gateway's: a storage server, or nothing at all."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from deploy.process import free_port
from tests.gateway.waiting import eventually

from .conftest import LABELS, PDF, PHOTOS, PNG, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.background import Service
    from deploy.cluster import Cluster

    from .conftest import Aboard, Api


@pytest.fixture(scope="module")
def forwarding(
    api: Api, serve: Callable[..., Any], configured: Callable[..., Service]
) -> Iterator[Api]:
    """A gateway whose storage server is the other gateway."""
    upstream = f"{api.url}/storage/v1"
    with serve(configured(STORAGE_UPSTREAM=upstream)) as found:
        yield found


def alive(service: Service) -> Service:
    """The service, ready as soon as it lives."""
    return replace(service, ready_url=service.url + "/live")


def test_calls_are_forwarded(forwarding: Api, aboard: Aboard) -> None:
    name = aboard.name("im peller.png")
    crew, manager = (forwarding.client(aboard[r]) for r in ("crew", "manager"))
    crew.upload(name, PNG, {"content-type": "image/png"})
    assert crew.download(name) == PNG
    assert [row["name"] for row in crew.list(str(aboard.yacht_id))] == ["im peller.png"]
    assert crew.remove([name]) == []
    assert [row["name"] for row in manager.remove([name])] == [name]
    answer = forwarding.send("GET", f"object/{PHOTOS}/{aboard.name()}", aboard["crew"])
    assert refusal(answer)[3] == "NoSuchKey"


def test_a_signed_url_is_the_servers_to_verify(forwarding: Api, aboard: Aboard) -> None:
    photos = forwarding.client(aboard["crew"])
    photos.upload(aboard.name(), PNG, {"content-type": "image/png"})
    url = str(photos.create_signed_url(aboard.name(), 60)["signedURL"])
    assert url.startswith(forwarding.url)
    answer = forwarding.http.get(url, headers={"range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (206, PNG[:4])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert refusal(forwarding.http.get(url + "x"))[3] == "InvalidJWT"


@pytest.mark.parametrize(
    "path",
    [
        "../../rest/v1/secret",
        "%2e%2E/%2E./rest/v1/secret",
        f"object/{PHOTOS}/..%2F..%2Frest",
        f"object/{PHOTOS}/./a.png",
    ],
)
def test_no_path_leads_out_of_the_storage_server(
    forwarding: Api, aboard: Aboard, path: str
) -> None:
    """Whoever resolves dot segments on the way would find another service."""
    answer = forwarding.send("GET", path, aboard["crew"])
    assert refusal(answer)[3] == "InvalidKey"


def test_a_client_that_breaks_off_its_upload_fails_nothing(
    forwarding: Api, aboard: Aboard
) -> None:
    """Nobody is answered: it is no fault of ours."""
    place = urlsplit(forwarding.url)
    head = (
        f"POST /storage/v1/object/{PHOTOS}/{aboard.name()} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {forwarding.token(aboard['crew'])}\r\n"
        "Content-Type: image/png\r\nContent-Length: 100000\r\n\r\n"
    )

    def counted(status: int) -> bool:
        text = forwarding.http.get(forwarding.url + "/metrics").text
        return f'part_lens_requests_total{{function="other",status="{status}"}}' in text

    failed = forwarding.log.read_text("utf-8").count('"failed"')
    with socket.create_connection((place.hostname, place.port)) as client:
        client.sendall(head.encode() + PNG)
    eventually(lambda: counted(499) or counted(503))
    assert not counted(503)
    assert forwarding.log.read_text("utf-8").count('"failed"') == failed


def test_bodies_are_streamed(forwarding: Api, aboard: Aboard) -> None:
    """With a length and without; beyond the limit of RPC bodies."""
    content = PDF + bytes(4 << 20)
    labels = forwarding.client(aboard["crew"], LABELS)
    labels.upload(aboard.name("a.pdf"), content, {"content-type": "application/pdf"})
    assert labels.download(aboard.name("a.pdf")) == content
    answer = forwarding.send(
        "POST",
        f"object/{LABELS}/{aboard.name('b.pdf')}",
        aboard["crew"],
        headers={"content-type": "application/pdf"},
        content=(content[start : start + 65536] for start in range(0, 4 << 20, 65536)),
    )
    assert answer.status_code == 200
    assert labels.info(aboard.name("b.pdf"))["size"] == 4 << 20


def test_the_gateway_judges_tokens_itself(forwarding: Api, aboard: Aboard) -> None:
    answer = forwarding.send("GET", f"object/{PHOTOS}/{aboard.name()}", token="x.y")  # noqa: S106 - not one
    assert refusal(answer)[3] == "AccessDenied"


def test_a_storage_server_that_is_away_is_unavailable(
    serve: Callable[..., Any], configured: Callable[..., Service], aboard: Aboard
) -> None:
    upstream = f"http://127.0.0.1:{free_port()}/storage/v1"
    with serve(configured(STORAGE_UPSTREAM=upstream)) as api:
        answer = api.upload(aboard["crew"], aboard.name())
        assert refusal(answer)[:2] == (503, "503")
        assert answer.headers["retry-after"] == "1"


def test_a_database_that_is_away_is_unavailable(
    serve: Callable[..., Any],
    configured: Callable[..., Service],
    aboard: Aboard,
    tmp_path: Path,
) -> None:
    url = f"postgresql://authenticator@127.0.0.1:{free_port()}/away"
    with serve(alive(configured(tmp_path, DATABASE_URL=url))) as api:
        answer = api.upload(aboard["crew"], aboard.name())
        assert refusal(answer)[:2] == (503, "503")
        assert list(tmp_path.rglob("*")) == []


def test_a_database_that_is_too_slow_has_storages_own_status(
    serve: Callable[..., Any],
    configured: Callable[..., Service],
    cluster: Cluster,
    aboard: Aboard,
    tmp_path: Path,
) -> None:
    """A pool whose one connection stays busy."""
    service = configured(tmp_path, POOL_SIZE="1", POOL_TIMEOUT="1")
    with serve(service) as api, cluster.connect("test_storage") as blocking:
        blocking.execute("BEGIN")
        blocking.execute("LOCK TABLE storage.objects IN ACCESS EXCLUSIVE MODE")
        statement = "SELECT 1 FROM pg_locks WHERE NOT granted"
        first = threading.Thread(
            target=api.upload, args=(aboard["crew"], aboard.name())
        )
        first.start()
        eventually(lambda: blocking.execute(statement).fetchone())
        answer = api.send("GET", f"object/{PHOTOS}/{aboard.name()}", aboard["crew"])
        assert refusal(answer) == (544, "544", "DatabaseTimeout", "DatabaseTimeout")
        blocking.execute("ROLLBACK")
        first.join()


def test_a_store_that_fails_is_unavailable(
    serve: Callable[..., Any],
    configured: Callable[..., Service],
    aboard: Aboard,
    tmp_path: Path,
) -> None:
    """A file where its folder should be: no row is written without bytes."""
    folder = tmp_path / "bytes"
    with serve(configured(folder)) as api:
        folder.write_text("in the way")
        answer = api.upload(aboard["crew"], aboard.name())
        assert refusal(answer)[:2] == (503, "503")
        assert str(tmp_path) not in answer.text
        folder.unlink()
        assert not api.client(aboard["crew"]).exists(aboard.name())
        assert api.upload(aboard["crew"], aboard.name()).status_code == 200


def test_without_storage_every_call_says_so(
    serve: Callable[..., Any], configured: Callable[..., Service], aboard: Aboard
) -> None:
    with serve(configured()) as api:
        answer = api.upload(aboard["crew"], aboard.name())
        assert refusal(answer) == (501, "501", "NotSupported", "NotSupported")
        assert "PART_LENS_STORAGE_URL" in answer.json()["message"]


def test_in_front_of_postgrest_storage_needs_a_database(
    serve: Callable[..., Any],
    configured: Callable[..., Service],
    api: Api,
    aboard: Aboard,
    tmp_path: Path,
) -> None:
    """And no PostgREST: where that is away, only the start waits for it."""
    away = {"ROUTE": "postgrest", "POSTGREST_URL": "http://127.0.0.1:1"}
    with serve(alive(configured(tmp_path, **away))) as found:
        assert found.upload(aboard["crew"], aboard.name()).status_code == 200
        assert found.client(aboard["crew"]).download(aboard.name()) == PNG
    there = {"ROUTE": "postgrest", "POSTGREST_URL": api.url}
    with serve(configured(tmp_path, **there, DATABASE_URL="")) as found:
        answer = found.upload(aboard["crew"], aboard.name("b.png"))
        assert refusal(answer) == (501, "501", "NotSupported", "NotSupported")
        assert "PART_LENS_DATABASE_URL" in answer.json()["message"]


def test_any_store_of_fsspec_will_do(
    serve: Callable[..., Any], configured: Callable[..., Service], aboard: Aboard
) -> None:
    """One that is no folder: bytes in the gateway's own memory."""
    service = configured(
        STORAGE_URL="memory://bytes",
        STORAGE_SECRET="only for this one test, at length",  # noqa: S106 - ours
    )
    with serve(service) as api:
        photos, name = api.client(aboard["manager"]), aboard.name()
        photos.upload(name, PNG, {"content-type": "image/png"})
        photos.copy(name, aboard.name("b.png"))
        photos.update(name, b"changed", {"content-type": "image/png"})
        assert photos.download(name) == b"changed"
        assert photos.download(aboard.name("b.png")) == PNG
        headers = {"range": "bytes=2-4"}
        path = f"object/{PHOTOS}/{name}"
        answer = api.send("GET", path, aboard["crew"], headers=headers)
        assert answer.content == b"ang"
        assert len(photos.remove([name, aboard.name("b.png")])) == 2
