"""Read a call's named arguments from a JSON body or a query string."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from gateway.errors import ApiError

FIELDS_MOST = 200

# PostgREST reads these words of a query string itself. Functions here answer whole.
RESERVED = frozenset(
    {"select", "order", "limit", "offset", "and", "or", "columns", "on_conflict"}
)
# A value of this form is a filter to PostgREST, never an argument.
FILTER = re.compile(
    r"""(not\.)?
    ( (eq|gte|gt|lte|lt|neq|like|ilike|match|imatch|isdistinct)(\((any|all)\))?\.
    | (cs|cd|ov|sl|sr|nxr|nxl|adj)\.
    | (fts|plfts|phfts|wfts)(\(\w+\))?\.
    | in\.\(
    | is\.(null|not_null|true|false|unknown)$ )""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON body: the argument names in it; `listed` when an array wraps them."""

    names: frozenset[str]
    listed: bool = False


NO_ARGUMENTS = Body(frozenset())


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


# PostgreSQL reads the values, from the text as it came: here only names matter.
_decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=str, parse_int=str)


def read_body(content_type: bytes | None, body: bytes) -> Body:
    """Return the argument names of a POST body.

    :raises ApiError: 400 PGRST102 unless it is JSON, with uniform keys in an array.
    """
    if content_type is not None:
        media_type = content_type.partition(b";")[0].strip().lower()
        if media_type not in (b"application/json", b""):
            raise _bad_body(
                "Content-Type not acceptable: " + media_type.decode("latin-1")
            )
    if not body:
        return NO_ARGUMENTS
    try:
        value: Any = _decoder.decode(body.decode())
    except (ValueError, RecursionError):
        raise _bad_body("Empty or invalid json") from None
    if isinstance(value, dict):
        return Body(frozenset(value))
    if not (isinstance(value, list) and value):
        return NO_ARGUMENTS
    names = value[0].keys() if isinstance(value[0], dict) else None
    if names is None or any(
        not isinstance(item, dict) or item.keys() != names for item in value
    ):
        raise _bad_body("All object keys must match")
    return Body(frozenset(names), listed=bool(names))


def read_query(
    query: bytes, *, function: str, arguments: bool
) -> list[tuple[str, str]]:
    """Return the named arguments of a query string, in order.

    :param arguments: False for POST, whose arguments are in the body.
    :raises ApiError: 400 for filters, which a function's single value has no column
        for, for PostgREST's own words, and for text that is not UTF-8.
    """
    if not query:
        return []
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_MOST,
        )
    except ValueError:
        raise ApiError(400, "PGRST100", "The query string cannot be read") from None
    for name, value in pairs:
        if name in RESERVED:
            raise ApiError(
                400,
                "PGRST127",
                "Feature not implemented",
                details=f"'{name}' does not apply to functions here: they answer whole",
            )
        if FILTER.match(value):
            raise ApiError(400, "42703", f"column {function}.{name} does not exist")
        if not arguments:
            raise ApiError(
                400,
                "PGRST100",
                f'"failed to parse filter ({value})" (line 1, column 1)',
                details=f'unexpected "{value[:1]}" expecting "not" or operator'
                " (eq, gt, ...)",
            )
        if "\0" in value:
            # PostgreSQL's own words for it: it ends the text on the wire.
            raise ApiError(
                400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00'
            )
    return pairs


def _bad_body(message: str) -> ApiError:
    return ApiError(400, "PGRST102", message)
