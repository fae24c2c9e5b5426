"""What a request asks for: which call, and how it is to be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.accept import JSON, Media, negotiate
from gateway.arguments import read_body, read_query
from gateway.errors import ApiError
from gateway.prefer import NONE, Preferences, read_preferences
from gateway.ranges import ALL, Rows, read_rows
from gateway.statements import ROWS, Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.catalogue import Call, Catalogue
    from gateway.messages import Request


@dataclass(slots=True)
class Plan:
    """What is to be called, and how it is to be answered."""

    call: Call
    parameters: list[bytes | None]
    media: Media = JSON
    rows: Rows = ALL
    preferences: Preferences = NONE


def read_plan(catalogue: Catalogue, request: Request) -> Plan:
    """Read a request, in the order in which PostgREST refuses.

    :raises ApiError: for what the protocol refuses.
    """
    by_body = request.method == "POST"
    query, arguments = read_query(request.query, arguments=not by_body)
    span = request.header(b"range") if request.method == "GET" else None
    rows = read_rows(query.limit, query.offset, span)
    parameters: list[bytes | None] = []
    if by_body:
        arguments = read_body(
            request.header(b"content-type"), request.body, query.columns
        )
        if arguments.names and arguments.source != "texts":
            parameters = [request.body]
    name = request.function
    call = catalogue.call(name, arguments)
    media = negotiate(request.header(b"accept"))
    preferences = read_preferences(request.all_headers(b"prefer"))
    many = call.function.many
    preferences.check(many=many)
    if query.unserved is not None:
        raise query.unserved.error(name, one_value=call.function.shape != "row")
    if arguments.texts:
        parameters = _texts(call, arguments.texts)
    if media is JSON and rows is ALL and preferences is NONE:
        return Plan(call, parameters)
    if not many:
        rows.check_single()
    form = Form(
        stripped=media.stripped,
        single=media.single and many,
        sliced=many and not rows.everything,
        counted=many and preferences.counted,
        bounded=preferences.max_affected is not None,
    )
    if form.sliced:
        limit = None if rows.limit is None else b"%d" % rows.limit
        parameters += [limit, b"%d" % rows.offset]
    if form.bounded:
        parameters.append(b"%d" % (preferences.max_affected or 0))
    call = catalogue.call(name, arguments, form)
    return Plan(call, parameters, media, rows, preferences)


def check_rows(plan: Plan, message: str) -> None:
    """Tell what the statement's guard has found, if it was the guard that failed.

    :raises ApiError: 406 PGRST116, 400 PGRST124.
    """
    _, guard, found = message.partition(ROWS)
    if not guard:
        return
    rows = int("".join(filter(str.isdigit, found)) or 0)
    if plan.call.form.single and rows != 1:
        raise ApiError(
            406,
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            details=f"The result contains {rows} rows",
        ) from None
    raise ApiError(
        400,
        "PGRST124",
        "Query result exceeds max-affected preference constraint",
        details=f"The query affects {rows} rows",
    ) from None


def _texts(call: Call, texts: Mapping[str, list[str]]) -> list[bytes | None]:
    """Return the values of arguments that are texts; the last of a name counts.

    :raises ApiError: 400 22021 for what no text of PostgreSQL holds.
    """
    values = [
        _array_literal(texts[name])
        if call.function.parameters[name].variadic
        else texts[name][-1].encode()
        for name in sorted(texts)
    ]
    if any(b"\0" in value for value in values):
        # PostgreSQL's own words for it: it ends the text on the wire.
        raise ApiError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return list(values)


def _array_literal(values: list[str]) -> bytes:
    escaped = (v.replace("\\", "\\\\").replace('"', '\\"') for v in values)
    return ("{" + ",".join(f'"{value}"' for value in escaped) + "}").encode()
