"""The same requests to a real PostgREST and to both routes: the same answers."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from deploy import postgrest as postgrest_tool

from .rules import RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .conftest import Api

HEADERS = (
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "allow",
    "content-profile",
    "content-range",
    "content-type",
    "preference-applied",
    "www-authenticate",
    "x-a",
)
# Sent by newer versions of PostgREST, and by the gateway.
NEWER = ("proxy-status", "vary")
# Statuses whose phrase is not the function's to choose differ by server.
PHRASED = re.compile(r"error: (a raised PT\d|PT|a PGRST raise$)")


@pytest.fixture(scope="session")
def version() -> int:
    """The reference's major version."""
    shown = subprocess.run(
        [postgrest_tool.binary(), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"(\d+)\.\d+", shown.stdout)
    assert found, shown.stdout
    return int(found[1])


@pytest.fixture(scope="session")
def expected_of(reference: Api) -> Callable[[str], dict[str, Any]]:
    """What the reference answers to a rule; it is asked once for both routes."""
    known: dict[str, dict[str, Any]] = {}

    def expected(name: str) -> dict[str, Any]:
        if name not in known:
            known[name] = ask(reference, name, RULES[name])
        return dict(known[name])

    return expected


def ask(api: Api, name: str, rule: Rule) -> dict[str, Any]:
    """Send a rule's request; what clients look at of the answer."""
    token = rule.token() if rule.token else None
    options = dict(rule.options)
    if rule.method == "HEAD":
        # PostgREST 12 sends a body with a refused HEAD, and the connection is spoilt.
        options["headers"] = {**options.get("headers", {}), "connection": "close"}
    answer = api.send(rule.method, rule.path, token=token, **options)
    seen = comparable(answer)
    if PHRASED.match(name):
        seen["phrase"] = answer.reason_phrase
    return seen


def comparable(answer: httpx.Response) -> dict[str, Any]:
    """Status, headers, and the body: for errors its meaning, else its bytes."""
    body: Any = answer.content
    if body.startswith(b'{"code"'):
        body = answer.json()
        if body["code"] == "PGRST202":
            # Which other name is similar is a matter of measure.
            del body["hint"]
    headers = {name: answer.headers.get_list(name) for name in (*HEADERS, *NEWER)}
    return {"status": answer.status_code, "body": body, **headers}


def holds(expected: Any, found: Any) -> bool:
    """Say whether a part is as a rule's difference has it; `...` is anything."""
    if expected is ...:
        return True
    if isinstance(expected, dict):
        return isinstance(found, dict) and expected.items() <= found.items()
    return bool(expected == found)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("route", ["direct", "forwarding"])
def test_postgrest_answers_the_same(
    name: str,
    route: str,
    expected_of: Callable[[str], dict[str, Any]],
    version: int,
    request: pytest.FixtureRequest,
) -> None:
    """Status, body and headers, but for the differences that the rule names."""
    rule = RULES[name]
    gateway: Api = request.getfixturevalue(route)
    found, expected = ask(gateway, name, rule), expected_of(name)
    if route == "direct" and isinstance(found["body"], dict):
        # Not the reference's yet, whichever version it is.
        code = found["body"]["code"]
        assert found["proxy-status"] == [f"PostgREST; error={code}"]
    for header in NEWER:
        if not expected[header]:
            del found[header], expected[header]
    difference = rule.difference
    if difference is not None and (route == "direct" or difference.always):
        newer = difference.before is not None and version >= difference.before
        if not newer:
            assert any(found[p] != expected[p] for p in difference.ours), "no more"
            for part, value in difference.ours.items():
                assert holds(value, found[part]), (part, found[part])
                found.pop(part)
                expected.pop(part)
    assert found == expected


def test_each_rule_has_its_request() -> None:
    """No two rules are shown by the same request."""
    shown = Counter(
        (rule.method, rule.path, repr(rule.options), rule.token)
        for rule in RULES.values()
    )
    assert len(RULES) >= 150
    assert [request for request, count in shown.items() if count > 1] == []
