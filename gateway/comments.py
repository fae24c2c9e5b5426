"""What the comment of a function says, taken apart.

A comment stands alone, as PostgREST shows it: a summary line, and paragraphs. Lines
that begin with a parameter's name describe it. Three lines are for machines as well:

    p_quantity: units, 1 to 1,000,000.
    p_work_order, p_equipment: what for.

    Requires p_part_id, p_quantity
    Answers 200 {"part_id": "uuid", "notes": "text?", "legs?": [{"seq": "integer"}]}
    Refuses 400 invalid_quantity; 404 part_not_found, stock_not_found

Types are PostgreSQL's. ``?`` behind a type means that it may be null, behind a key that
it may be missing. ``Requires`` names what has a default only for PostgREST's sake.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETERS = re.compile(r"^(p_\w+(?:, p_\w+)*): (.+)$", re.MULTILINE)
_CONTRACT = re.compile(r"^(Requires|Answers|Refuses) (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Comment:
    """A function's comment: texts for people, and what it takes and answers.

    `answer` is the JSON of its Answers line (None without one), `refusals` holds the
    codes by HTTP status.
    """

    summary: str
    text: str
    parameters: Mapping[str, str]
    required: tuple[str, ...]
    status: int
    answer: Any
    refusals: Mapping[int, tuple[str, ...]]


def read_comment(comment: str) -> Comment:
    """Take a comment apart.

    :raises ValueError: what stands behind Answers is no status and JSON, or behind
        Refuses no status and codes.
    """
    lines = dict(_CONTRACT.findall(comment))
    prose = _PARAMETERS.sub("", _CONTRACT.sub("", comment)).strip()
    status, _, answer = lines.get("Answers", "200").partition(" ")
    refusals = {}
    for group in lines.get("Refuses", "").split(";"):
        if group.strip():
            number, _, codes = group.strip().partition(" ")
            refusals[int(number)] = tuple(code.strip() for code in codes.split(","))
    return Comment(
        summary=prose.partition("\n")[0],
        text=prose,
        parameters={
            name: text
            for names, text in _PARAMETERS.findall(comment)
            for name in names.split(", ")
        },
        required=tuple(re.findall(r"p_\w+", lines.get("Requires", ""))),
        status=int(status),
        answer=json.loads(answer) if answer else None,
        refusals=refusals,
    )
