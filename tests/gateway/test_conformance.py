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


def ask(api: Api, name: str, rule: Rule) -> dict[str, Any]:
    """Send a rule's request; what clients look at of the answer."""
    token = rule.token() if rule.token else None
    answer = api.send(rule.method, rule.path, token=token, **rule.options)
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
    name: str, route: str, reference: Api, version: int, request: pytest.FixtureRequest
) -> None:
    """Status, body and headers, but for the differences that the rule names."""
    rule = RULES[name]
    gateway: Api = request.getfixturevalue(route)
    found, expected = ask(gateway, name, rule), ask(reference, name, rule)
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


@pytest.mark.parametrize("name", RULES)
def test_every_refusal_names_its_code_to_proxies(direct: Api, name: str) -> None:
    """Proxy-Status, where the body is PostgREST's error."""
    rule = RULES[name]
    token = rule.token() if rule.token else None
    answer = direct.send(rule.method, rule.path, token=token, **rule.options)
    if answer.content.startswith(b'{"code"'):
        code = answer.json()["code"]
        assert answer.headers["proxy-status"] == f"PostgREST; error={code}"
