"""The same requests to a real PostgREST and to both routes: the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from .conftest import Api

HEADERS = ("content-type", "content-range", "allow", "www-authenticate", "x-a")

# Each request is named by the rule that it shows.
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a json result": ("GET", "/rpc/spaced", {}),
    "a null result": ("POST", "/rpc/nothing", {}),
    "a text result": ("POST", "/rpc/words", {}),
    "a void result": ("POST", "/rpc/no_value", {}),
    "a row": ("GET", "/rpc/pair", {}),
    "a set of values": ("GET", "/rpc/numbers", {}),
    "an empty set": ("GET", "/rpc/numbers?p_count=0", {}),
    "a table": ("POST", "/rpc/rows", {}),
    "an empty table": ("GET", "/rpc/rows?p_count=0", {}),
    "no body": ("POST", "/rpc/echo", {}),
    "an empty object": ("POST", "/rpc/echo", {"json": {}}),
    "named arguments": ("POST", "/rpc/echo", {"json": {"p_text": "ø", "p_number": 2}}),
    "a null argument": ("POST", "/rpc/echo", {"json": {"p_text": None}}),
    "a number for a text": ("POST", "/rpc/echo", {"content": b'{"p_text": 1.50}'}),
    "an object for a text": ("POST", "/rpc/echo", {"json": {"p_text": {"a": 1}}}),
    "a text for a number": ("POST", "/rpc/echo", {"json": {"p_number": "7"}}),
    "a boolean for a number": ("POST", "/rpc/echo", {"json": {"p_number": True}}),
    "a fraction for a number": ("POST", "/rpc/echo", {"json": {"p_number": 1.5}}),
    "a json argument": ("POST", "/rpc/echo", {"json": {"p_json": {"a": [1]}}}),
    "a text as json": ("POST", "/rpc/echo", {"json": {"p_json": "x"}}),
    "a list": ("POST", "/rpc/echo", {"json": {"p_list": [1, None]}}),
    "a list as a literal": ("POST", "/rpc/echo", {"json": {"p_list": "{1,2}"}}),
    "a repeated key": ("POST", "/rpc/echo", {"content": b'{"p_text":1,"p_text":2}'}),
    "a nul": ("POST", "/rpc/echo", {"json": {"p_text": "\0"}}),
    "an array body": ("POST", "/rpc/echo", {"json": [{"p_text": 1}, {"p_text": 2}]}),
    "an uneven array": ("POST", "/rpc/echo", {"json": [{"p_text": "a"}, {"x": 1}]}),
    "an empty array": ("POST", "/rpc/echo", {"json": []}),
    "a bare value": ("POST", "/rpc/echo", {"content": b"3"}),
    "bad json": ("POST", "/rpc/echo", {"content": b"{"}),
    "an image": (
        "POST",
        "/rpc/echo",
        {"content": b"x", "headers": {"content-type": "image/png"}},
    ),
    "query arguments": ("GET", "/rpc/echo?p_text=a%20b&p_number=2", {}),
    "an empty query argument": ("GET", "/rpc/echo?p_text=", {}),
    "a repeated query argument": ("GET", "/rpc/echo?p_text=a&p_text=b", {}),
    "a list in a query": ("GET", "/rpc/echo?p_list=%7B1,2%7D", {}),
    "a filter": ("GET", "/rpc/echo?p_text=eq.a", {}),
    "a filter on a POST": ("POST", "/rpc/echo?p_text=eq.a", {"json": {}}),
    "an argument beside a body": ("POST", "/rpc/echo?p_text=a", {"json": {}}),
    "a wrong type in a query": ("GET", "/rpc/echo?p_number=x", {}),
    "variadic by query": ("GET", "/rpc/many?p_values=a&p_values=b", {}),
    "variadic by body": ("POST", "/rpc/many", {"json": {"p_values": ["a", "b"]}}),
    "an unknown function": ("POST", "/rpc/zzzzzzzz", {"json": {"b": 1, "a": 2}}),
    "an unknown function by GET": ("GET", "/rpc/zzzzzzzz", {}),
    "a trigger function": ("POST", "/rpc/fires", {"json": {"x": 1}}),
    "an unknown argument": (
        "POST",
        "/rpc/echo",
        {"json": {"p_text": "x", "p_numbers": 1, "p_list": [], "p_json": {}}},
    ),
    "ambiguous": ("GET", "/rpc/twice?p_a=1", {}),
    "HEAD": ("HEAD", "/rpc/echo", {}),
    "HEAD of an unknown function": ("HEAD", "/rpc/zzzzzzzz", {}),
    "OPTIONS, read only": ("OPTIONS", "/rpc/echo", {}),
    "OPTIONS, volatile": ("OPTIONS", "/rpc/context", {}),
    "PUT": ("PUT", "/rpc/echo", {}),
    "DELETE": ("DELETE", "/rpc/echo", {}),
    "a write by GET": ("GET", "/rpc/add?p_name=x", {}),
    "not executable": ("POST", "/rpc/hidden", {"json": {}}),
    "not executable by nobody": ("POST", "/rpc/hidden", {"json": {}, "token": None}),
    "another schema": (
        "POST",
        "/rpc/echo",
        {"json": {}, "headers": {"content-profile": "private"}},
    ),
    "another schema by GET": (
        "GET",
        "/rpc/echo",
        {"headers": {"accept-profile": "private"}},
    ),
    "a status": ("POST", "/rpc/answer", {"json": {"p_status": "418"}}),
    "a status without a body": ("POST", "/rpc/answer", {"json": {"p_status": "204"}}),
    "a bad status": ("POST", "/rpc/answer", {"json": {"p_status": "abc"}}),
    "headers": ("POST", "/rpc/answer", {"json": {"p_headers": '[{"X-A":"1"}]'}}),
    "bad headers": ("POST", "/rpc/answer", {"json": {"p_headers": '{"X-A":"1"}'}}),
    "a content type": (
        "POST",
        "/rpc/answer",
        {"json": {"p_headers": '[{"Content-Type":"text/plain"}]'}},
    ),
    "a PGRST raise": (
        "POST",
        "/rpc/raise",
        {
            "json": {
                "p_state": "PGRST",
                "p_message": '{"code":"X1","message":"m","details":"d","hint":"h"}',
                "p_detail": '{"status":402,"headers":{"X-A":"b"}}',
            }
        },
    ),
    **{
        f"a raised {state}": ("POST", "/rpc/raise", {"json": {"p_state": state}})
        for state in (
            "P0001", "P0002", "PT409", "PT418", "22023", "22P02", "23502", "23503",
            "23505", "23514", "25006", "25P02", "28000", "0LP01", "0P000", "2D000",
            "38000", "39000", "3B000", "42501", "42601", "42883", "42P01", "42P17",
            "53300", "53400", "54000", "55P03", "57014", "58030", "XX000", "08006",
        )
    },
    "a scheme that is not Bearer": (
        "GET",
        "/rpc/echo",
        {"token": None, "headers": {"authorization": "Basic YTpi"}},
    ),
}  # fmt: skip


# What may differ, and why. A newer server than 12 need not differ.
DIFFERENCES: dict[str, tuple[str, str]] = {
    "a trigger function": ("body", "similar names are found by another measure"),
    "another schema": ("body", "12 has another wording"),
    "another schema by GET": ("body", "12 has another wording"),
    "a status without a body": ("content-type", "12 names the type of no content"),
    "a raised 42P17": ("status", "12 answers 400"),
    "a raised 53400": ("status", "12 answers 503"),
    "a raised 54000": ("status", "12 answers 413"),
}


@pytest.mark.parametrize("rule", REQUESTS)
@pytest.mark.parametrize("route", ["direct", "forwarding"])
def test_postgrest_answers_the_same(
    rule: str, route: str, reference: Api, request: pytest.FixtureRequest
) -> None:
    method, path, more = REQUESTS[rule]
    gateway: Api = request.getfixturevalue(route)
    ours = comparable(gateway.send(method, path, **more))
    theirs = comparable(reference.send(method, path, **more))
    if rule in DIFFERENCES:
        part, _ = DIFFERENCES[rule]
        del ours[part], theirs[part]
    assert ours == theirs


def comparable(answer: httpx.Response) -> dict[str, Any]:
    """What clients look at: for errors the body's meaning, else its bytes."""
    error = answer.status_code >= 300 and answer.content.startswith(b'{"code"')
    return {
        "status": answer.status_code,
        "body": answer.json() if error else answer.content,
        **{name: answer.headers.get_list(name) for name in HEADERS},
    }
