"""The PostgREST route."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deploy.process import free_port

from .conftest import sign

if TYPE_CHECKING:
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
