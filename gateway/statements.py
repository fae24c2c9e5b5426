"""The statement that calls a function and renders its answer as JSON.

Columns of its one row: the body, response.status, response.headers, the number of rows
in the body and, if it was asked for, the number of rows that there are. Parameters: the
JSON body, or each argument's text in the order of sorted names; then limit and offset;
then the most rows that there may be.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from gateway.arguments import Source
    from gateway.catalogue import Function

SCHEMA = "public"
# PostgREST's name for the values of a function that returns many.
VALUE = "pgrst_scalar"
# A whole row of the result, even one that has a column `x`.
ROW = "x.*"
# Too many rows, or too few: the statement fails by a cast of this text, so that nothing
# stays of what the function did, and no second round trip is needed to say so.
ROWS = "part_lens.rows="
JSON_SOURCES = {
    "object": "$1::json",
    "list": "$1::json -> 0",
    "either": "CASE json_typeof($1::json) WHEN 'array' THEN $1::json -> 0"
    " ELSE $1::json END",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is to be rendered; all but `stripped` is about sets of rows.

    `single`: the one row, not an array. `sliced`: a limit and an offset apply.
    `counted`: all rows are counted. `bounded`: there is a bound on their number.
    """

    stripped: bool = False
    single: bool = False
    sliced: bool = False
    counted: bool = False
    bounded: bool = False


PLAIN = Form()


def write_call(
    function: Function, source: Source, names: frozenset[str], form: Form
) -> bytes:
    """Write the statement that calls `function` with the parameters `names`.

    JSON is taken apart by PostgreSQL, as PostgREST has it done, so that types, numbers
    and error texts are the same.
    """
    given = [p for p in function.parameters.values() if p.name in names]
    arguments_from, bound = "", 0
    if source == "texts":
        places = {name: place for place, name in enumerate(sorted(names), 1)}
        values = [f"${places[p.name]}::{p.cast}" for p in given]
        bound = len(places)
    else:
        values = [f"a.{_quoted(p.name)}" for p in given]
        if given:
            columns = ", ".join(f"{_quoted(p.name)} {p.cast}" for p in given)
            arguments_from = f"json_to_record({JSON_SOURCES[source]}) AS a ({columns})"
            bound = 1
    arguments = ", ".join(
        f"{'VARIADIC ' if p.variadic else ''}{_quoted(p.name)} => {value}"
        for p, value in zip(given, values, strict=True)
    )
    call = f"{_quoted(SCHEMA)}.{_quoted(function.name)}({arguments})"
    if function.many:
        return _many(function, call, arguments_from, bound, form).encode()
    return _one(function, call, arguments_from, form).encode()


def _one(function: Function, call: str, source: str, form: Form) -> str:
    """Write the SELECT of a function that returns one value or one row."""
    body, rows = call, source
    if function.shape == "row":
        rows = f"{_before(source)}(SELECT * FROM {call}) AS x"
        body = f"to_json({ROW})"
    elif function.shape == "scalar" or form.stripped:
        body = f"to_json({call})"
    if form.stripped:
        body = f"json_strip_nulls({body})"
    return _select([f"{body}::text", "1"], rows)


def _many(function: Function, call: str, source: str, bound: int, form: Form) -> str:
    """Write the SELECT of a function that returns a set."""
    items = f"SELECT * FROM {call}"
    element = ROW
    if function.shape != "row":
        items = f"SELECT {call} AS {VALUE}"
        element = ROW if form.single else f"x.{VALUE}"
    rows, total, start = f"{_before(source)}({items}) AS x", [], ""
    places = itertools.count(bound + 1)
    if form.sliced or form.counted:
        start = f"WITH s AS MATERIALIZED (SELECT {ROW} FROM {rows}) "
        limits = ""
        if form.sliced:
            limits = f" LIMIT ${next(places)}::bigint OFFSET ${next(places)}::bigint"
        rows = f"(SELECT s.* FROM s{limits}) AS x"
    if form.counted:
        total.append("(SELECT count(*) FROM s)")
    body = f"json_agg({element})"
    if form.single:
        body += " -> 0"
    if form.stripped:
        body = f"json_strip_nulls({body})"
    body = f"coalesce({body}, '[]')::text"
    wrong = []
    if form.single:
        wrong.append("count(*) <> 1")
    if form.bounded:
        wrong.append(f"count(*) > ${next(places)}::bigint")
    if wrong:
        failure = f"('{ROWS}' || count(*))::integer::text"
        body = f"CASE WHEN {' OR '.join(wrong)} THEN {failure} ELSE {body} END"
    return start + _select([body, "count(*)", *total], rows)


def _select(results: list[str], rows: str) -> str:
    # The settings are read after the call: columns are computed from left to right,
    # and after everything under FROM.
    body, *counts = results
    columns = [
        body,
        "current_setting('response.status', true)",
        "current_setting('response.headers', true)",
        *counts,
    ]
    return " ".join(["SELECT", ", ".join(columns), *(["FROM", rows] if rows else [])])


def _before(source: str) -> str:
    return f"{source}, LATERAL " if source else ""


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()
