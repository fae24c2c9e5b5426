"""Read a call's named arguments from a body or a query string."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import unquote_to_bytes

from gateway.errors import ApiError

if TYPE_CHECKING:
    from gateway.messages import Request

FIELDS_MOST = 200
KEY = "p_idempotency_key"

JSON, FORM = b"application/json", b"application/x-www-form-urlencoded"
# What a body of JSON may also be announced as.
JSON_ARRAYS = frozenset(
    {b"application/vnd.pgrst.array+json", b"application/vnd.pgrst.array"}
)
# What PostgREST hands whole to a function's one unnamed parameter, by its type. The
# functions of the API have names for theirs.
UNNAMED = {
    b"text/plain": "text",
    b"text/xml": "xml",
    b"application/octet-stream": "bytea",
}
# A value of this form is a filter to PostgREST, never an argument.
FILTER = re.compile(
    r"""(not\.)?
    ( (eq|gte|gt|lte|lt|neq|like|ilike|match|imatch|isdistinct)(\((any|all)\))?\.
    | (cs|cd|ov|sl|sr|nxr|nxl|adj)\.
    | (fts|plfts|phfts|wfts)(\(\w+\))?\.
    | in\.\(
    | is\.(?i:null|not_null|true|false|unknown)$ )""",
    re.VERBOSE,
)
# Begins like a filter and is none.
NO_FILTER = re.compile(r"(not|in|is)\.")
COLUMN = re.compile(r'"?([\w $-]+)"?')
SELECTED = re.compile(r"(?:[\w ]+:)?([\w]+)")

Source = Literal["object", "list", "either", "texts"]


@dataclass(slots=True)
class Arguments:
    """A call's argument names, and where their values are.

    `source`: fields of the body's JSON object, of the first one in its list, of
    whichever of the two it is, or `texts`. `unnamed` is the type of the parameter that
    the body as a whole would be.
    """

    names: frozenset[str] = frozenset()
    source: Source = "texts"
    texts: dict[str, list[str]] | None = None
    unnamed: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What a query string says.

    `unserved` is PostgREST's answer, or this gateway's, to what asks for columns.
    """

    columns: frozenset[str] | None = None
    limit: str | None = None
    offset: str | None = None
    unserved: Unserved | None = None


@dataclass(frozen=True, slots=True)
class Unserved:
    """A part of a query string that asks for a column, and the column if it is one."""

    word: str
    column: str | None = None

    def error(self, function: str, *, one_value: bool) -> ApiError:
        """Build the refusal: a single value has no columns, rows are answered whole."""
        if one_value and self.column is not None:
            return ApiError(
                400, "42703", f"column {function}.{self.column} does not exist"
            )
        return ApiError(
            400,
            "PGRST127",
            "Feature not implemented",
            details=f"'{self.word}' does not apply here: functions answer whole",
        )


NOTHING = Query(), Arguments()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


# PostgreSQL reads the values, from the text as it came: here only names matter.
_decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=str, parse_int=str)


def read_body(
    content_type: bytes | None, body: bytes, columns: frozenset[str] | None = None
) -> Arguments:
    """Return the arguments of a POST body.

    :param columns: the only fields of a JSON body to look at, if it is known.
    :raises ApiError: 400 PGRST102 unless it is JSON, with uniform keys in an array, or
        one of the other types that name arguments.
    """
    media_type = JSON
    if content_type is not None and content_type != JSON:
        media_type, _, parameter = content_type.partition(b";")
        media_type = media_type or b"*/*"
        if media_type in JSON_ARRAYS and parameter.strip() != b"nulls=stripped":
            media_type = JSON
    if media_type == JSON:
        if columns is not None:
            return Arguments(columns, "either", unnamed="json/jsonb")
        return _read_json(body)
    if media_type == FORM:
        return texts(_pairs(body, form=True))
    if unnamed := UNNAMED.get(media_type):
        return Arguments(unnamed=unnamed)
    raise _bad_body("Content-Type not acceptable: " + media_type.decode("latin-1"))


def _read_json(body: bytes) -> Arguments:
    if not body:
        return Arguments(unnamed="json/jsonb")
    try:
        value: Any = _decoder.decode(body.decode())
    except (ValueError, RecursionError):
        raise _bad_body("Empty or invalid json") from None
    if isinstance(value, dict):
        return Arguments(frozenset(value), "object", unnamed="json/jsonb")
    if not (isinstance(value, list) and value):
        return Arguments(unnamed="json/jsonb")
    names = value[0].keys() if isinstance(value[0], dict) else None
    if names is None or any(
        not isinstance(item, dict) or item.keys() != names for item in value
    ):
        raise _bad_body("All object keys must match")
    return Arguments(frozenset(names), "list", unnamed="json/jsonb")


def texts(pairs: list[tuple[str, str]]) -> Arguments:
    """Return the arguments that are given as texts, in the order of their values."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Arguments(frozenset(values), texts=values)


def read_query(query: bytes, *, arguments: bool) -> tuple[Query, Arguments]:
    """Return what a query string says, and the arguments in it.

    :param arguments: False for POST, whose arguments are in the body.
    :raises ApiError: 400 PGRST100 for what cannot be read.
    """
    if not query:
        return NOTHING
    given: list[tuple[str, str]] = []
    words: dict[str, str] = {}
    unserved: Unserved | None = None
    for name, value in _pairs(query):
        if name in ("limit", "offset"):
            words[name] = value
        elif name in ("select", "columns", "on_conflict"):
            words.setdefault(name, value)
        elif name.rpartition(".")[2] in ("order", "and", "or", "limit", "offset"):
            unserved = unserved or Unserved(name, _first_column(name, value))
        elif FILTER.match(value):
            unserved = unserved or Unserved(name, name)
        elif not arguments or NO_FILTER.match(value):
            raise ApiError(
                400,
                "PGRST100",
                f'"failed to parse filter ({value})" (line 1, column 1)',
                details=f'unexpected "{value[:1]}" expecting "not" or operator'
                " (eq, gt, ...)",
            )
        else:
            given.append((name, value))
    select = words.get("select") or "*"
    if unserved is None and select != "*":
        found = SELECTED.fullmatch(select.partition(",")[0])
        unserved = Unserved("select", found and found[1])
    columns = None
    if not arguments and "columns" in words:
        columns = _columns(words["columns"])
    read = Query(columns, words.get("limit"), words.get("offset"), unserved)
    return read, texts(given)


def _first_column(word: str, value: str) -> str | None:
    """Return the column that an order or a condition names first."""
    if word in ("and", "or"):
        value = value.lstrip("(")
    found = SELECTED.match(value)
    return found and found[1]


def _columns(value: str) -> frozenset[str]:
    names = [COLUMN.fullmatch(part.strip()) for part in value.split(",")]
    if None in names:
        raise ApiError(
            400,
            "PGRST100",
            f'"failed to parse columns parameter ({value})" (line 1, column 1)',
            details="unexpected end of input expecting field name (* or [a..z0..9_$])",
        )
    return frozenset(found[1] for found in names if found)


def _pairs(encoded: bytes, *, form: bool = False) -> list[tuple[str, str]]:
    """Take a query string or a form apart.

    :param form: True for a form, in which a name without a value has an empty one; in
        a query string it is not there.
    :raises ApiError: 400 PGRST100 for text that is not UTF-8, or too much of it.
    """
    parts = re.split(b"[&;]", encoded)
    if not form:
        parts = [part for part in parts if b"=" in part]
    elif not parts[-1]:
        # Nothing begins behind the last separator.
        parts.pop()
    try:
        if len(parts) > FIELDS_MOST:
            raise ValueError
        pairs = [part.replace(b"+", b" ").partition(b"=") for part in parts]
        return [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    except ValueError:
        raise ApiError(400, "PGRST100", "The query string cannot be read") from None


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text).decode()


def idempotency_key(request: Request) -> str | None:
    """Return the key of a call, in whichever way its body names it."""
    content_type = request.header(b"content-type") or b""
    if content_type.partition(b";")[0] == FORM:
        return dict(_pairs(request.body, form=True)).get(KEY)
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and value:
        value = value[0]
    key = value.get(KEY) if isinstance(value, dict) else None
    return key if isinstance(key, str) else None


def _bad_body(message: str) -> ApiError:
    return ApiError(400, "PGRST102", message)
