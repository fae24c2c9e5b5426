"""rpc/ERRORS.md against the codes that the gateway gives of its own."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from deploy.state import ROOT
from gateway.tenants import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Iterator

# PostgREST's own codes, and SQLSTATEs, look otherwise.
CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
GIVERS = {"ApiError", "unavailable", "_refusal"}


def given() -> Iterator[str]:
    """Codes in calls that build an error."""
    for path in (ROOT / "gateway").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in GIVERS:
                for argument in node.args:
                    value = getattr(argument, "value", None)
                    if isinstance(value, str) and CODE.fullmatch(value):
                        yield value


def documented() -> dict[str, list[str]]:
    text = (ROOT / "rpc" / "ERRORS.md").read_text(encoding="utf-8")
    section = text.partition("## The gateway's own codes")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines()]
    return {row[0].strip(" `"): row[1:] for row in rows if row[0].startswith(" `")}


def test_every_code_of_the_gateway_is_documented() -> None:
    """And no other."""
    found = set(given())
    assert "commit_unknown" in found
    assert set(documented()) == found | REFUSALS.keys()


def test_words_of_a_refusal_are_the_documented_ones() -> None:
    """A client's reader looks for what they see."""
    rows = documented()
    assert {code: rows[code][:2] for code in REFUSALS} == {
        code: ["403", message] for code, (message, _) in REFUSALS.items()
    }
    assert all(len(row) == 4 and all(row) for row in rows.values())
