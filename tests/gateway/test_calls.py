"""Calls that succeed: results, arguments, methods and what SQL sees of the request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import sign

if TYPE_CHECKING:
    from .conftest import Api


def test_a_json_result_is_passed_on_byte_for_byte(direct: Api) -> None:
    answer = direct.get("/rpc/spaced")
    assert answer.content == b'{"b" :  1,"a":2}'
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("function", "body", "content_range"),
    [
        ("nothing", "null", "0-0/*"),
        ("words", '"a \\"word\\""', "0-0/*"),
        ("pair", '{"a":1,"b":"x"}', "0-0/*"),
        ("numbers", "[1, 2]", "0-1/*"),
        ("numbers?p_count=0", "[]", "*/*"),
        ("rows", '[{"a":1,"b":"x"}, \n {"a":2,"b":"x"}]', "0-1/*"),
        ("no_value", "", "0-0/*"),
    ],
)
def test_each_kind_of_result_has_its_form(
    direct: Api, function: str, body: str, content_range: str
) -> None:
    answer = direct.get(f"/rpc/{function}")
    assert answer.status_code == (200 if body else 204)
    assert answer.text == body
    assert answer.headers["content-range"] == content_range


def test_supabase_clients_find_the_same_functions(direct: Api) -> None:
    answer = direct.post(
        "/rest/v1/rpc/echo",
        {"p_text": "x"},
        headers={"content-profile": "public", "accept-profile": "public"},
    )
    assert answer.json()["text"] == "x"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, {"text": None, "number": 1, "json": None, "list": None}),
        ({"p_text": None, "p_number": None}, {"text": None, "number": None}),
        ({"p_text": "ø☃'\"\\", "p_number": "7"}, {"text": "ø☃'\"\\", "number": 7}),
        ({"p_text": {"a": 1}}, {"text": '{"a": 1}'}),
        ({"p_json": {"a": [1, None]}, "p_list": [1, None]}, {"list": [1, None]}),
        ({"p_json": "text", "p_list": "{3,4}"}, {"json": "text", "list": [3, 4]}),
        ([{"p_text": "a"}, {"p_text": "b"}], {"text": "a"}),
    ],
)
def test_json_arguments_take_the_catalogues_types(
    direct: Api, arguments: Any, expected: dict[str, Any]
) -> None:
    content = json.dumps(arguments, separators=(",", ": "))
    answer = direct.send("POST", "/rpc/echo", content=content)
    assert answer.status_code == 200
    assert answer.json() | expected == answer.json()


def test_numbers_reach_sql_as_they_were_written(direct: Api) -> None:
    content = b'{"p_text": 1.50, "p_json": 12345678901234567890.10}'
    answer = direct.send("POST", "/rpc/echo", content=content)
    assert '"json": 12345678901234567890.10' in answer.text
    assert '"text": "1.50"' in answer.text


def test_query_arguments_take_the_catalogues_types(direct: Api) -> None:
    answer = direct.get(
        "/rpc/echo",
        params={"p_text": "a b", "p_number": "3", "p_json": '{"a":1}', "p_list": "{1}"},
    )
    assert answer.json() == {"text": "a b", "number": 3, "json": {"a": 1}, "list": [1]}


def test_the_last_of_a_repeated_name_counts(direct: Api) -> None:
    assert direct.get("/rpc/echo?p_text=a&p_text=b").json()["text"] == "b"


@pytest.mark.parametrize("values", [["a"], ["a", 'b"{},\\'], [""]])
def test_a_variadic_parameter_takes_all(direct: Api, values: list[str]) -> None:
    assert direct.get("/rpc/many", params={"p_values": values}).json() == values
    assert direct.post("/rpc/many", {"p_values": values}).json() == values


def test_names_are_quoted_wherever_they_stand(direct: Api) -> None:
    assert direct.get("/rpc/odd%20%22name?p_a=3").json() == 3


def test_a_large_body_within_the_limit_passes(direct: Api) -> None:
    size = 1024 * 1024 - len('{"p_text":""}')
    content = b'{"p_text":"%s"}' % (b"x" * size)
    assert direct.send("POST", "/rpc/length_of", content=content).json() == size


def test_a_large_answer_passes(direct: Api) -> None:
    assert len(direct.get("/rpc/blob?p_size=5000000").json()) == 5_000_000


def test_head_answers_without_a_body(direct: Api) -> None:
    answer = direct.send("HEAD", "/rpc/echo")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("function", "allow"),
    [("echo", "OPTIONS,GET,HEAD,POST"), ("add", "OPTIONS,POST")],
)
def test_options_says_what_is_allowed(direct: Api, function: str, allow: str) -> None:
    answer = direct.send("OPTIONS", f"/rpc/{function}")
    assert (answer.status_code, answer.headers["allow"]) == (200, allow)


def test_sql_sees_the_request_without_its_secrets(direct: Api) -> None:
    token = sign(sub="somebody")
    answer = direct.post(
        "/rest/v1/rpc/context",
        token=token,
        headers={
            "X-Thing": "ü".encode("latin-1"),
            "apikey": token,
            "cookie": "a=secret",
            "x-request-id": "call-1",
        },
    )
    context = answer.json()
    assert token not in answer.text
    headers = json.loads(context["request.headers"])
    assert headers["x-thing"] == "ü"
    assert headers["x-request-id"] == answer.headers["x-request-id"] == "call-1"
    assert not {"authorization", "apikey", "cookie"} & headers.keys()
    assert json.loads(context["request.jwt.claims"])["sub"] == "somebody"
    assert context["role"] == "authenticated"
    assert context["request.method"] == "POST"
    assert context["request.path"] == "/rpc/context"


def test_a_request_id_that_is_unfit_is_replaced(direct: Api) -> None:
    answer = direct.get("/rpc/echo", headers={"x-request-id": "a b"})
    assert answer.headers["x-request-id"] != "a b"


def test_nobody_is_anon_with_claims(direct: Api) -> None:
    context = direct.post("/rpc/context", token=None).json()
    assert context["role"] == "anon"
    assert json.loads(context["request.jwt.claims"]) == {"role": "anon"}


@pytest.mark.parametrize(
    ("method", "function", "read_only"),
    [
        ("GET", "context", "on"),
        ("POST", "context", "off"),
        ("GET", "stable_context", "on"),
        ("POST", "stable_context", "on"),
    ],
)
def test_reading_is_read_only(
    direct: Api, method: str, function: str, read_only: str
) -> None:
    context = direct.send(method, f"/rpc/{function}").json()
    assert context["transaction_read_only"] == read_only


def test_the_roles_settings_apply(direct: Api) -> None:
    service = direct.post("/rpc/context", token=sign(role="service_role")).json()
    person = direct.post("/rpc/context").json()
    assert service["statement_timeout"] == "7s"
    assert person["statement_timeout"] == "0"


def test_a_functions_isolation_applies(direct: Api) -> None:
    assert direct.post("/rpc/serial_context").json()["transaction_isolation"] == (
        "serializable"
    )
    assert direct.post("/rpc/context").json()["transaction_isolation"] == (
        "read committed"
    )


def test_a_function_sets_status_and_headers(direct: Api) -> None:
    answer = direct.get(
        "/rpc/answer",
        params={"p_status": "201", "p_headers": '[{"X-A": "1"}, {"X-A": "2"}]'},
    )
    assert (answer.status_code, answer.json()) == (201, {"ok": True})
    assert answer.headers.get_list("x-a") == ["1", "2"]


def test_a_function_may_choose_the_content_type(direct: Api) -> None:
    given = '[{"Content-Type": "text/plain"}, {"Content-Length": "1"}]'
    answer = direct.get("/rpc/answer", params={"p_headers": given})
    assert answer.headers.get_list("content-type") == ["text/plain"]
    assert answer.json() == {"ok": True}


def test_a_status_without_a_body_has_none(direct: Api) -> None:
    answer = direct.get("/rpc/answer?p_status=204")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


def test_a_status_set_for_the_session_answers_once(direct: Api) -> None:
    direct.post("/rpc/answer", {"p_status": "418", "p_session": True})
    statuses = {direct.post("/rpc/answer").status_code for _ in range(20)}
    assert statuses == {200}


def test_health_needs_no_token(direct: Api) -> None:
    for path in ("/live", "/ready"):
        answer = direct.get(path, token=None)
        assert (answer.status_code, answer.json()) == (200, {"healthy": True})


def test_a_pooler_in_transaction_mode_can_be_served(serve: Any) -> None:
    with serve(PREPARE="off") as api:
        assert api.post("/rpc/echo", {"p_text": "x"}).json()["text"] == "x"
        assert api.get("/rpc/echo?p_number=4").json()["number"] == 4
        assert api.post("/rpc/raise", {"p_state": "P0001"}).status_code == 400
        assert api.post("/rpc/echo").status_code == 200


def test_more_shapes_of_a_call_than_are_kept_prepared(serve: Any) -> None:
    names = [f"p_{letter}" for letter in "abcdefghi"]
    with serve(POOL_SIZE="1") as api:
        for mask in range(2 ** len(names)):
            chosen = {n: bit for bit, n in enumerate(names) if mask >> bit & 1}
            assert api.post("/rpc/wide", chosen).json() == sum(chosen.values())
