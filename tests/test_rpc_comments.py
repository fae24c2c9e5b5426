"""The comments of the RPCs, which become their description, against the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.state import ROOT
from gateway.comments import read_comment
from gateway.openapi import CALLERS, FUNCTIONS
from tests.test_errors_md import RPCS, declared_refusals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tests.conftest import Database


@pytest.fixture(scope="module")
def functions(database: Database) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    """What the catalogue says of each RPC, and the registry of what it requires."""
    with psycopg.connect(database.url("postgres"), row_factory=dict_row) as connection:
        rows = connection.execute(FUNCTIONS, {"schema": "public", "callers": CALLERS})
        found = {row["name"]: row for row in rows}
        registry = connection.execute(
            "SELECT action, required_arguments, is_write, is_signed"
            " FROM private.action_registry"
        )
        for row in registry:
            if row["action"] in found:
                found[row["action"]]["registry"] = row
        yield found


# What services call is described as well.
SERVICE = sorted(path.stem for path in (ROOT / "rpc" / "service").glob("*.sql"))


@pytest.mark.parametrize("name", [*RPCS, *SERVICE])
def test_every_parameter_is_described(
    functions: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    """Each one, and none that is not there."""
    comment = read_comment(functions[name]["comment"])
    parameters = {p["name"] for p in functions[name]["parameters"]}
    assert comment.parameters.keys() == parameters
    assert comment.summary.endswith(".")
    assert comment.answer is not None


@pytest.mark.parametrize("name", RPCS)
def test_what_is_required_is_what_the_registry_requires(
    functions: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    """The function refuses exactly what the comment requires."""
    if (registry := functions[name].get("registry")) is None:
        pytest.skip("no action of a person")
    parameters = {p["name"] for p in functions[name]["parameters"]}
    required = [*registry["required_arguments"]]
    if registry["is_write"]:
        required += ["p_idempotency_key"] * ("p_idempotency_key" in parameters)
    if registry["is_signed"]:
        required.append("p_signature")
    comment = read_comment(functions[name]["comment"])
    # A service calls it unsigned.
    allowed = {"p_signature"} if name == "issue_enrolment_code" else set()
    assert set(required) - set(comment.required) <= allowed
    assert set(comment.required) <= set(required)


@pytest.mark.parametrize("name", RPCS)
def test_the_comment_refuses_what_the_header_declares(
    functions: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    """A reader of the API and one of the source are told the same."""
    comment = read_comment(functions[name]["comment"])
    told = {
        code: status for status, codes in comment.refusals.items() for code in codes
    }
    assert told == declared_refusals(name)
