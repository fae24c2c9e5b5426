"""Calls of yachts that are not in yet go to the version before, if there is one."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from deploy.process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Api

OFF = {"code": "feature_disabled", "message": "Off"}


class V1(BaseHTTPRequestHandler):
    """Answers with what it was asked, piece by piece."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        told = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.rfile.read(length).decode(),
        }
        self.send_response(202)
        self.send_header("X-V1", "yes")
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in json.dumps(told).encode(), b"":
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    do_GET = do_POST  # noqa: N815 - its name

    def do_HEAD(self) -> None:
        self.send_response(202)
        self.send_header("X-V1", "yes")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing."""


@pytest.fixture(scope="module")
def v1() -> Iterator[str]:
    """A server that plays the version before; its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), V1) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/old"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=["direct", "postgrest"])
def api(
    request: pytest.FixtureRequest, serve: Any, reference: Api, v1: str
) -> Iterator[Api]:
    """A gateway with a version before behind it."""
    url = reference.url if request.param == "postgrest" else None
    with serve(V1_URL=v1 + "/", postgrest_url=url) as served:
        yield served


def test_a_yacht_that_is_out_is_answered_by_v1(api: Api) -> None:
    """With method, path, body and headers as the client sent them."""
    answer = api.post(
        "/rest/v1/rpc/switched_off",
        {"p_text": "å"},
        headers={"apikey": "key", "x-request-id": "abc", "prefer": "count=exact"},
    )
    assert (answer.status_code, answer.headers["x-v1"]) == (202, "yes")
    told = answer.json()
    assert (told["method"], told["path"]) == ("POST", "/old/rest/v1/rpc/switched_off")
    assert json.loads(told["body"]) == {"p_text": "å"}
    assert told["headers"]["authorization"].startswith("Bearer ")
    assert told["headers"]["apikey"] == "key"
    assert told["headers"]["prefer"] == "count=exact"
    assert told["headers"]["x-request-id"] == answer.headers["x-request-id"] == "abc"


def test_a_query_is_forwarded_as_it_was_written(api: Api) -> None:
    told = api.get("/rpc/switched_off?p_text=a%2Bb%20c").json()
    assert told["method"] == "GET"
    assert told["path"] == "/old/rpc/switched_off?p_text=a%2Bb%20c"


def test_a_head_is_forwarded_too(serve: Any, v1: str) -> None:
    """Which yachts are out says a body that nobody is sent."""
    with serve(V1_URL=v1) as api:
        answer = api.send("HEAD", "/rpc/switched_off")
        assert (answer.status_code, answer.headers["x-v1"]) == (202, "yes")
        assert "x-v1" not in api.send("HEAD", "/rpc/echo").headers


def test_an_alias_is_forwarded_as_it_was_called(api: Api) -> None:
    """Which v1 knows, and not the RPC that it means here."""
    given = {"action": "switched_off", "context": {"text": "x"}}
    kind = {"content-type": "application/json; charset=utf-8"}
    told = api.post("/v1/actions/execute", given, headers=kind).json()
    assert told["path"] == "/old/v1/actions/execute"
    assert told["headers"]["content-type"] == kind["content-type"]
    assert json.loads(told["body"]) == given


def test_what_is_in_is_none_of_its_business(api: Api) -> None:
    assert "x-v1" not in api.post("/rpc/echo").headers
    other = {"p_status": "404", "p_body": {"code": "part_not_found"}}
    answer = api.post("/rpc/answer", other)
    assert (answer.status_code, answer.json()) == (404, {"code": "part_not_found"})


def test_without_a_version_before_the_refusal_stands(direct: Api) -> None:
    answer = direct.post("/rpc/switched_off")
    assert (answer.status_code, answer.json()) == (404, OFF)


def test_a_version_before_that_is_away_is_503(serve: Any) -> None:
    with serve(V1_URL=f"http://127.0.0.1:{free_port()}") as api:
        answer = api.post("/rpc/switched_off")
        assert (answer.status_code, answer.json()["code"]) == (
            503,
            "older_version_unavailable",
        )
        assert answer.headers["retry-after"] == "1"
