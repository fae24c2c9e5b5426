"""What a function's comment says, taken apart."""

from __future__ import annotations

import pytest

from gateway.comments import read_comment
from gateway.openapi import document

COMMENT = """\
Takes parts out of stock.

More about it.

p_quantity: units, 1 to 1,000,000.
p_work_order, p_equipment: what for.

Requires p_part_id, p_quantity
Answers 201 {"part_id": "uuid", "notes": "text?", "legs?": [{"seq": "integer"}]}
Refuses 400 invalid_quantity, invalid_argument; 404 part_not_found"""


def test_a_comment_is_taken_apart() -> None:
    """Each line has its reader."""
    comment = read_comment(COMMENT)
    assert comment.summary == "Takes parts out of stock."
    assert comment.text == "Takes parts out of stock.\n\nMore about it."
    assert comment.parameters == {
        "p_quantity": "units, 1 to 1,000,000.",
        "p_work_order": "what for.",
        "p_equipment": "what for.",
    }
    assert comment.required == ("p_part_id", "p_quantity")
    assert comment.status == 201
    assert comment.answer["part_id"] == "uuid"
    assert comment.refusals == {
        400: ("invalid_quantity", "invalid_argument"),
        404: ("part_not_found",),
    }


def test_a_comment_may_be_plain() -> None:
    """A function of somebody else's says nothing to machines."""
    comment = read_comment("Does it.")
    assert (comment.summary, comment.status, comment.answer) == ("Does it.", 200, None)
    assert read_comment("").summary == ""


@pytest.mark.parametrize("line", ["Answers 200 {", "Answers soon {}", "Refuses all"])
def test_a_broken_contract_is_told(line: str) -> None:
    """Better no description than a wrong one."""
    with pytest.raises(ValueError):  # noqa: PT011 - of json or of int
        read_comment(line)


def test_shapes_become_schemas() -> None:
    """Null, absence, arrays and defaults are said in JSON Schema."""
    function = {
        "name": "f",
        "read_only": True,
        "comment": COMMENT,
        "callers": ["authenticated"],
        "parameters": [
            {"name": "p_yacht_id", "type": "uuid", "default": None},
            {"name": "p_quantity", "type": "integer", "default": "NULL::integer"},
            {"name": "p_limit", "type": "integer", "default": "50"},
            {"name": "p_unit", "type": "text", "default": "'it''s'::text"},
        ],
    }
    paths = document([function])["paths"]["/rpc/f"]
    answer = paths["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert answer["required"] == ["part_id", "notes"]
    assert answer["properties"]["notes"] == {"type": ["string", "null"]}
    assert answer["properties"]["legs"]["type"] == "array"
    body = paths["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["p_yacht_id", "p_quantity"]
    assert body["properties"]["p_quantity"]["type"] == "integer"
    assert body["properties"]["p_limit"]["default"] == 50
    assert body["properties"]["p_unit"]["default"] == "it's"
    assert [p["required"] for p in paths["get"]["parameters"]] == [
        True,
        True,
        False,
        False,
    ]


def test_what_nobody_may_call_is_not_described() -> None:
    """The description follows privileges."""
    function = {
        "name": "f",
        "read_only": True,
        "comment": "",
        "callers": [],
        "parameters": [],
    }
    assert document([function])["paths"] == {}
