"""Calls that end with an error body."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from .conftest import sign

if TYPE_CHECKING:
    import httpx

    from .conftest import Api


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the form that every error has; return its body."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert body.keys() == {"code", "message", "details", "hint"}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["proxy-status"] == f"PostgREST; error={code}"
    return body


def test_an_unknown_function_is_not_found(direct: Api) -> None:
    body = refused(direct.post("/rpc/ech", {"b": 1, "a": 2}), 404, "PGRST202")
    assert body == {
        "code": "PGRST202",
        "message": "Could not find the function public.ech(a, b) in the schema cache",
        "details": "Searched for the function public.ech with parameters a, b or with a"
        " single unnamed json/jsonb parameter, but no matches were found in the schema"
        " cache.",
        "hint": "Perhaps you meant to call the function public.echo",
    }


@pytest.mark.parametrize("arguments", [{"p_textt": "x"}, {"p_text": "x", "p_nmber": 1}])
def test_an_unknown_argument_is_not_found(
    direct: Api, arguments: dict[str, Any]
) -> None:
    body = refused(direct.post("/rpc/echo", arguments), 404, "PGRST202")
    assert body["hint"] == (
        "Perhaps you meant to call the function"
        " public.echo(p_json, p_list, p_number, p_text)"
    )


def test_a_missing_required_argument_is_not_found(direct: Api) -> None:
    body = refused(direct.get("/rpc/needs?p_optional=x"), 404, "PGRST202")
    assert body["details"] == (
        "Searched for the function public.needs with parameter p_optional, but no"
        " matches were found in the schema cache."
    )


@pytest.mark.parametrize("function", ["fires", "", "pg_sleep", "echo()"])
def test_what_is_not_in_the_api_is_not_found(direct: Api, function: str) -> None:
    refused(direct.post(f"/rpc/{function}"), 404, "PGRST202")


def test_an_overloaded_function_is_ambiguous(direct: Api) -> None:
    body = refused(direct.post("/rpc/twice", {"p_a": 1}), 300, "PGRST203")
    assert "public.twice(p_a => integer, p_b => integer)" in body["message"]


@pytest.mark.parametrize(
    ("path", "code"),
    [("/rpc/a/b", "PGRST125"), ("/counters", "PGRST205")],
)
def test_other_paths_are_not_found(direct: Api, path: str, code: str) -> None:
    refused(direct.get(path), 404, code)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_are_not_allowed(direct: Api, method: str) -> None:
    body = refused(direct.send(method, "/rpc/echo"), 405, "PGRST101")
    assert body["message"] == f"Cannot use the {method} method on RPC"


def test_another_schema_is_not_acceptable(direct: Api) -> None:
    answer = direct.post("/rpc/echo", headers={"content-profile": "private"})
    body = refused(answer, 406, "PGRST106")
    assert body["hint"] == "Only the following schemas are exposed: public"


def test_a_bad_token_comes_before_everything_else(direct: Api) -> None:
    answer = direct.send("PUT", "/nowhere/at/all", token="a.b.c")  # noqa: S106 - none
    refused(answer, 401, "PGRST301")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


def test_an_expired_token_is_refused(direct: Api) -> None:
    answer = direct.get("/rpc/echo", token=sign(exp=int(time.time()) - 31))
    assert refused(answer, 401, "PGRST303")["message"] == "JWT expired"


def test_another_secret_is_refused(direct: Api) -> None:
    refused(direct.get("/rpc/echo", token=sign(secret="x" * 32)), 401, "PGRST301")


def test_what_a_role_may_not_execute_is_postgresqls_refusal(direct: Api) -> None:
    refused(direct.get("/rpc/hidden"), 403, "42501")
    answer = direct.get("/rpc/hidden", token=None)
    refused(answer, 401, "42501")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_write_by_get_is_not_allowed(direct: Api) -> None:
    refused(direct.get("/rpc/add?p_name=by_get"), 405, "25006")


def test_a_value_of_the_wrong_type_is_a_bad_request(direct: Api) -> None:
    by_body = refused(direct.post("/rpc/echo", {"p_number": "x"}), 400, "22P02")
    by_query = refused(direct.get("/rpc/echo?p_number=x"), 400, "22P02")
    assert by_body == by_query
    assert by_body["message"] == 'invalid input syntax for type integer: "x"'


def test_a_nul_in_a_text_is_a_bad_request(direct: Api) -> None:
    refused(direct.post("/rpc/echo", {"p_text": "a\0b"}), 400, "22P05")
    refused(direct.get("/rpc/echo?p_text=a%00b"), 400, "22021")
    refused(direct.get("/rpc/many?p_values=a&p_values=%00"), 400, "22021")
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = direct.send("POST", "/rpc/echo", content=b"p_text=%00", headers=form)
    refused(answer, 400, "22021")


def test_a_raised_state_comes_with_all_its_parts(direct: Api) -> None:
    answer = direct.post("/rpc/raise", {"p_state": "PT409"})
    assert refused(answer, 409, "PT409") == {
        "code": "PT409",
        "message": "message",
        "details": "detail",
        "hint": "hint",
    }


def test_a_pgrst_raise_controls_the_answer(direct: Api) -> None:
    answer = direct.post(
        "/rpc/raise",
        {
            "p_state": "PGRST",
            "p_message": '{"code": "mine", "message": "m", "details": "d"}',
            "p_detail": '{"status": 402, "headers": {"X-Why": "y"}}',
        },
    )
    assert refused(answer, 402, "mine")["details"] == "d"
    assert answer.headers["x-why"] == "y"


@pytest.mark.parametrize("state", ["53300", "08006", "57P01"])
def test_what_passes_says_when_to_try_again(direct: Api, state: str) -> None:
    answer = direct.post("/rpc/raise", {"p_state": state})
    refused(answer, 503, state)
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("status", ["99", "600", "1000", "abc", "-1", "2e2", " 200"])
def test_an_unusable_response_status_is_a_server_error(
    direct: Api, status: str
) -> None:
    refused(direct.post("/rpc/answer", {"p_status": status}), 500, "PGRST112")


@pytest.mark.parametrize(
    "headers", ["x", "{}", '{"a":"b"}', '[{"a":1}]', '[{"a":"b\\r\\nc: d"}]']
)
def test_unusable_response_headers_are_a_server_error(
    direct: Api, headers: str
) -> None:
    refused(direct.post("/rpc/answer", {"p_headers": headers}), 500, "PGRST111")


def test_a_body_that_is_not_json_is_a_bad_request(direct: Api) -> None:
    refused(direct.send("POST", "/rpc/echo", content=b"{"), 400, "PGRST102")


def test_a_body_over_the_limit_is_too_large(direct: Api) -> None:
    content = b" " * (1024 * 1024 + 1)
    refused(direct.send("POST", "/rpc/echo", content=content), 413, "body_too_large")
    # Without a length, in chunks.
    chunks = iter([content[:1000]] * 1100)
    refused(direct.send("POST", "/rpc/echo", content=chunks), 413, "body_too_large")


def test_a_client_that_leaves_its_body_unfinished_costs_nothing(direct: Api) -> None:
    place = urlsplit(direct.url)
    for _ in range(20):
        with socket.create_connection((place.hostname, place.port)) as client:
            client.sendall(
                b"POST /rpc/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"
            )
    assert direct.get("/rpc/echo").status_code == 200
    assert not direct.logged("bug")
