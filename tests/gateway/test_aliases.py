"""The paths of the older API, by both routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gateway.aliases import EXECUTE, translate
from gateway.errors import ApiError
from gateway.messages import Request

from .test_arguments import FORM, JSON

if TYPE_CHECKING:
    from .conftest import Api


@pytest.fixture(params=["direct", "forwarding"])
def gateway(request: pytest.FixtureRequest) -> Api:
    """PostgREST itself has no aliases."""
    found: Api = request.getfixturevalue(request.param)
    return found


def execute(gateway: Api, body: str, **headers: str) -> Any:
    """Call with a body, whatever it is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gateway.send("POST", EXECUTE, content=body, headers=named)


@pytest.mark.parametrize("content_type", [FORM.decode(), "text/plain", "text/csv"])
def test_an_action_is_json_whatever_it_is_announced_as(
    gateway: Api, content_type: str
) -> None:
    body = '{"action": "echo", "text": "a"}'
    answer = execute(gateway, body, content_type=content_type)
    assert (answer.status_code, answer.json()["text"]) == (200, "a")


def test_another_schema_is_refused(gateway: Api) -> None:
    answer = execute(gateway, '{"action": "echo"}', content_profile="private")
    assert (answer.status_code, answer.json()["code"]) == (406, "PGRST106")


def test_the_successor_is_named_as_a_path(gateway: Api) -> None:
    answer = execute(gateway, r'{"action": "odd \"name", "a": 3}')
    assert answer.json() == 3
    link = '</rpc/odd%20%22name>; rel="successor-version"'
    assert answer.headers["link"] == link


@pytest.mark.parametrize("action", [r"a\r\nX: y", r"\u0000", r"\ud800"])
def test_what_no_function_can_be_called_is_no_action(gateway: Api, action: str) -> None:
    answer = execute(gateway, f'{{"action": "{action}"}}')
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


@pytest.mark.parametrize("body", ["[", '{"action": "echo", "json": ['])
def test_a_body_that_is_nested_too_deeply_is_refused(gateway: Api, body: str) -> None:
    answer = execute(gateway, body + "[" * 100_000)
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


def test_what_can_be_read_and_not_be_written_is_refused() -> None:
    """Both have their limits, and they are not the same."""
    codes = set()
    for depth in range(850, 1000):
        nested = b"[" * depth + b"]" * depth
        body = b'{"action": "echo", "json": ' + nested + b"}"
        request = Request("POST", "", b"", [(b"content-type", JSON)], body)
        try:
            translate(request, EXECUTE)
        except ApiError as error:
            codes.add(error.code)
    assert codes <= {"PGRST102"}
