"""The PostgREST route."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import pytest

from deploy.process import free_port
from gateway.canary import CanaryRoute
from gateway.errors import ApiError, unavailable
from gateway.messages import Request, Response
from gateway.postgrest import PostgrestRoute
from gateway.storage import NoStorage
from gateway.tokens import ANONYMOUS
from gateway.upstream import AwayError, Upstream

from .conftest import sign
from .relay import relayed
from .waiting import eventually, sleeping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.cluster import Cluster

    from .conftest import Api


def test_calls_are_forwarded(forwarding: Api) -> None:
    assert forwarding.post("/rpc/echo", {"p_text": "x"}).json()["text"] == "x"
    assert forwarding.get("/rest/v1/rpc/echo?p_text=y%20z").json()["text"] == "y z"
    assert forwarding.send("OPTIONS", "/rpc/echo").headers["allow"]


def test_head_is_forwarded(forwarding: Api) -> None:
    answer = forwarding.send("HEAD", "/rpc/echo")
    assert (answer.status_code, answer.content) == (200, b"")


def test_statuses_and_headers_come_back(forwarding: Api) -> None:
    answer = forwarding.post(
        "/rpc/answer", {"p_status": "201", "p_headers": '[{"X-A": "1"}]'}
    )
    assert (answer.status_code, answer.headers["x-a"]) == (201, "1")
    assert forwarding.get("/rpc/hidden").status_code == 403


def test_a_header_that_no_answer_may_have_is_left_out(forwarding: Api) -> None:
    """What the function did is done, and its answer is not lost."""
    pairs = [{"X-A": "a\x01"}, {"X-B": "b\x7f"}, {"X-C": "c\té"}]
    answer = forwarding.post("/rpc/answer", {"p_headers": json.dumps(pairs)})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert not {"x-a", "x-b"} & answer.headers.keys()
    assert answer.headers["x-c"].startswith("c\t")


def test_a_large_answer_is_streamed(forwarding: Api) -> None:
    assert len(forwarding.get("/rpc/blob?p_size=5000000").json()) == 5_000_000


def test_the_gateway_judges_tokens_and_sizes_itself(forwarding: Api) -> None:
    answer = forwarding.get("/rpc/echo", token=sign(exp=1))
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST303")
    answer = forwarding.send("POST", "/rpc/echo", content=b" " * (1 << 21))
    assert answer.status_code == 413


def test_apikey_and_cookie_are_not_forwarded(forwarding: Api) -> None:
    answer = forwarding.post(
        "/rpc/context", headers={"apikey": "secret-1", "cookie": "a=secret-2"}
    )
    headers = json.loads(answer.json()["request.headers"])
    assert "apikey" not in headers
    assert "secret" not in answer.text
    assert headers["x-request-id"] == answer.headers["x-request-id"]


def test_an_upstream_that_is_away_is_unavailable(serve: Any) -> None:
    gateway = serve(postgrest_url=f"http://127.0.0.1:{free_port()}")
    object.__setattr__(gateway.service, "ready_url", gateway.service.url + "/live")
    with gateway as api:
        answer = api.post("/rpc/echo")
        assert (answer.status_code, answer.json()["code"]) == (503, "PGRST000")
        assert answer.headers["retry-after"] == "1"
        assert api.get("/ready").status_code == 503


def test_connections_are_kept(serve: Any, reference: Api) -> None:
    """One after the other, calls need one connection."""
    with relayed(reference.url) as relay, serve(postgrest_url=relay.url) as api:
        api.post("/rpc/echo")
        before = relay.connections
        for number in range(20):
            assert api.get(f"/rpc/echo?p_number={number}").json()["number"] == number
        assert relay.connections == before


def test_a_refused_head_spoils_no_connection(serve: Any, reference: Api) -> None:
    """PostgREST 12 sends a body with it, where the next answer should begin."""
    with relayed(reference.url) as relay, serve(postgrest_url=relay.url) as api:
        for number in range(10):
            assert api.send("HEAD", "/rpc/zzzzzzzz").status_code == 404
            answer = api.post("/rpc/echo", {"p_number": number})
            assert (answer.status_code, answer.json()["number"]) == (200, number)


def test_an_answer_begins_before_it_is_complete(serve: Any, reference: Api) -> None:
    """Nothing of the gateway's waits for the end of a large answer."""
    with relayed(reference.url) as relay, serve(postgrest_url=relay.url) as api:
        relay.open.clear()
        headers = {"authorization": f"Bearer {sign()}"}
        url = api.url + "/rpc/blob?p_size=5000000"
        with api.client.stream("GET", url, headers=headers) as answer:
            chunks = answer.iter_raw()
            received = len(next(chunks))
            assert 0 < received < 5_000_000
            relay.open.set()
            assert received + sum(map(len, chunks)) == 5_000_002


def test_an_upstream_that_goes_in_the_middle_of_a_write(
    serve: Any, reference: Api, protocol_cluster: Cluster
) -> None:
    """Nobody knows what became of it: the key to ask with is named."""
    with relayed(reference.url) as relay:
        gateway = serve(postgrest_url=relay.url)
        with gateway as api:
            api.post("/rpc/echo")
            with ThreadPoolExecutor(1) as pool:
                arguments = {"p_seconds": 2, "p_idempotency_key": "key-1"}
                call = pool.submit(api.post, "/rpc/nap_with_key", arguments)
                eventually(lambda: sleeping(protocol_cluster))
                relay.cut()
                answer = call.result()
    assert (answer.status_code, answer.json()["code"]) == (503, "commit_unknown")
    assert json.loads(answer.json()["details"]) == {"idempotency_key": "key-1"}


def test_an_answer_that_breaks_off_is_seen_and_counted(
    serve: Any, reference: Api
) -> None:
    """As one that got lost: its status was sent when that was not yet known."""
    with relayed(reference.url) as relay, serve(postgrest_url=relay.url) as api:
        relay.open.clear()
        headers = {"authorization": f"Bearer {sign()}"}
        url = api.url + "/rpc/blob?p_size=5000000"
        with api.client.stream("GET", url, headers=headers) as answer:
            chunks = answer.iter_raw()
            assert next(chunks)
            relay.cut()
            relay.open.set()
            with pytest.raises(httpx.RemoteProtocolError):
                list(chunks)
        lost = 'part_lens_requests_total{function="other",status="499"} 1.0'
        eventually(lambda: lost in api.client.get(api.url + "/metrics").text)


class Handler(BaseHTTPRequestHandler):
    """Is well, and tells what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_response(204)
        self.end_headers()

    do_HEAD = do_POST  # noqa: N815 - its name

    def do_GET(self) -> None:
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\n\r\n"
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing."""


class Breaking(Handler):
    """Goes in the middle of a refusal."""

    def do_POST(self) -> None:
        self.send_response(404)
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(b'{"code":')

    do_GET = do_POST  # noqa: N815 - its name


@contextmanager
def answering(
    kind: type[Handler] = Handler,
) -> Iterator[tuple[str, list[str]]]:
    """A server that is well, and what it was asked."""
    asked: list[str] = []
    handler = type("Handler", (kind,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_an_upstream_that_answers_calls_need_not_be_asked_whether_it_does() -> None:
    """And is asked again where that is too long ago, or it has gone since."""

    async def scenario() -> None:
        request = Request("POST", "f", b"", [], b"")
        with answering() as (url, asked):
            upstream = Upstream(url, withheld=(), away=unavailable("code", "Away"))
            await upstream.open()
            await upstream.call(request, "/f", query=b"", body=b"")
            assert await upstream.answers(within=60)
            assert asked == ["POST /f"]
            assert await upstream.answers(within=0)
            assert asked == ["POST /f", "HEAD /"]
            assert await upstream.answers(within=60)
            assert asked == ["POST /f", "HEAD /"]
        assert await upstream.answers(within=60)
        with pytest.raises(AwayError, match="code"):
            await upstream.call(request, "/f", query=b"", body=b"")
        assert not await upstream.answers(within=60)
        assert not await upstream.answers(within=0)
        await upstream.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("method", "code"), [("GET", "PGRST000"), ("POST", "commit_unknown")]
)
def test_an_upstream_that_goes_in_the_middle_of_a_refusal(
    method: str, code: str
) -> None:
    """Which is read to its end, for it may be v1 that has to answer."""

    async def scenario() -> None:
        request = Request(method, "f", b"", [], b'{"p_idempotency_key": "key-1"}')
        with answering(Breaking) as (url, _):
            inner = PostgrestRoute(url, NoStorage("none here"))
            route = CanaryRoute(inner, windows=None, reporter=None, v1=None)
            await route.open()
            with pytest.raises(ApiError) as refusal:
                await route.call(request, ANONYMOUS)
            await route.close()
        assert (refusal.value.status, refusal.value.code) == (503, code)
        assert ("key-1" in (refusal.value.details or "")) == (method == "POST")

    asyncio.run(scenario())


def test_an_upstream_that_vanishes_is_noticed() -> None:
    """The kernel asks after it while a call takes its time."""

    async def scenario() -> None:
        request = Request("POST", "f", b"", [], b"")
        with answering() as (url, _):
            upstream = Upstream(url, withheld=(), away=unavailable("code", "Away"))
            await upstream.open()
            with watched_sockets() as made:
                await upstream.call(request, "/f", query=b"", body=b"")
                (options,) = made
            await upstream.close()
        keepalive, idle, interval, count, unacknowledged = options
        assert keepalive
        assert idle + interval * count == unacknowledged / 1000 == 15

    asyncio.run(scenario())


@contextmanager
def watched_sockets() -> Iterator[list[list[int]]]:
    """The options of all sockets that are connected meanwhile."""
    made: list[list[int]] = []
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def watched(sock: socket.socket, address: Any) -> None:
        await connect(sock, address)
        tcp = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        wanted = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE)]
        wanted += [(socket.IPPROTO_TCP, getattr(socket, name)) for name in tcp]
        made.append([sock.getsockopt(*option) for option in wanted])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "sock_connect", watched)
        yield made


def test_an_answer_that_came_whole_says_how_long_it_is() -> None:
    """Clients that know no chunks can read it; what has no body has no length."""

    async def scenario() -> list[Response]:
        with answering() as (url, _):
            upstream = Upstream(url, withheld=(), away=unavailable("code", "Away"))
            await upstream.open()
            requests = [Request(m, "f", b"", [], b"") for m in ("GET", "POST", "HEAD")]
            answers = [
                await upstream.send(request, "/f", query=b"", body=None)
                for request in requests
            ]
            await upstream.close()
        return answers

    assert asyncio.run(scenario()) == [
        Response(200, [(b"content-length", b"2")], b"ok"),
        Response(204, []),
        Response(204, []),
    ]
