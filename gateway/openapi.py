"""The OpenAPI 3.1 description of the RPCs, from the catalogue and its comments."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from gateway.comments import read_comment
from gateway.statements import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.comments import Comment

# What a person may call, and a service: anonymous callers may call nothing.
CALLERS = ["authenticated", "service_role"]
FUNCTIONS = """
SELECT
    p.proname AS name,
    p.provolatile <> 'v' AS read_only,
    coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), '') AS comment,
    ARRAY(
        SELECT role
        FROM unnest(%(callers)s::text[]) AS c (role)
        WHERE pg_catalog.has_function_privilege(c.role, p.oid, 'EXECUTE')
    ) AS callers,
    coalesce(
        (
            SELECT
                jsonb_agg(
                    jsonb_build_object(
                        'name', p.proargnames[i.place],
                        'type', pg_catalog.format_type(i.type, NULL),
                        'default', pg_catalog.pg_get_function_arg_default(
                            p.oid, i.place::integer)
                    )
                    ORDER BY i.place
                )
            FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS i (type, place)
        ),
        '[]'
    ) AS parameters
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_type AS t ON t.oid = p.prorettype
WHERE p.pronamespace = %(schema)s::regnamespace
    AND p.prokind = 'f'
    AND t.typname = 'jsonb'
ORDER BY p.proname
"""

DESCRIPTION = """\
A parts-inventory ledger for fleets of yachts. Every call is an RPC with named \
arguments; every answer is JSON. A refusal has four keys, each a text or null: \
branch on `code`. Send a new `p_idempotency_key` with each write, and the same one \
when you send it again: nothing is done twice."""

_TYPES: Mapping[str, dict[str, Any]] = {
    "bigint": {"type": "integer", "format": "int64"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "format": "int32"},
    "json": {},
    "jsonb": {},
    "numeric": {"type": "number"},
    "text": {"type": "string"},
    "timestamp with time zone": {"type": "string", "format": "date-time"},
    "timestamptz": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
}
_CONSTANT = re.compile(r"'((?:[^']|'')*)'(?:::[\w ]+)?|(-?\d+|true|false)")
# What PostgREST's protocol itself may answer to any call, beside the RPC's refusals.
_PROTOCOL: Mapping[int, str] = {
    400: "The request or a value in it cannot be read (PGRST100, PGRST102, 22P02, …).",
    401: "The token is missing, expired or not valid (PGRST301 to PGRST303).",
    403: "The token's role may not call this (42501).",
    404: "No such function, or an unknown argument (PGRST202).",
    406: "The answer cannot be given in the wanted form (PGRST106, PGRST107).",
    413: "The body is too large (body_too_large).",
    416: "The wanted range is none (PGRST103).",
    503: "The database is away; send again after Retry-After (PGRST001, PGRST002).",
    504: "All connections are busy (PGRST003).",
}


async def describe(database_url: str) -> bytes:
    """Read the catalogue and write the OpenAPI document, as JSON.

    :raises psycopg.Error: the database does not answer.
    """
    async with (
        await psycopg.AsyncConnection.connect(
            database_url, autocommit=True, connect_timeout=5
        ) as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        await cursor.execute(FUNCTIONS, {"schema": SCHEMA, "callers": CALLERS})
        return json.dumps(document(await cursor.fetchall())).encode()


def document(functions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Build the document from rows of `FUNCTIONS`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Part Lens",
            "version": version("part-lens"),
            "description": DESCRIPTION,
            "license": {"name": "PostgreSQL", "identifier": "PostgreSQL"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [
            {"name": "reads", "description": "May be called by GET as well."},
            {"name": "records", "description": "On record: POST alone."},
        ],
        "paths": {
            f"/rpc/{function['name']}": _path(function)
            for function in functions
            if function["callers"]
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "schemas": {"Refusal": _refusal()},
        },
    }


def _path(function: Mapping[str, Any]) -> dict[str, Any]:
    comment = read_comment(function["comment"])
    schemas = {p["name"]: _parameter(p, comment) for p in function["parameters"]}
    required = [
        p["name"]
        for p in function["parameters"]
        if p["default"] is None or p["name"] in comment.required
    ]
    body: dict[str, Any] = {
        "type": "object",
        "properties": schemas,
        "additionalProperties": False,
    }
    if required:
        body["required"] = required
    post = {
        **_operation(function, comment, "post"),
        "requestBody": {
            "required": bool(required),
            "content": {"application/json": {"schema": body}},
        },
    }
    if not function["read_only"]:
        return {"post": post}
    query = [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": schema.get("description", ""),
            "schema": schema,
        }
        for name, schema in schemas.items()
    ]
    get = {**_operation(function, comment, "get"), "parameters": query}
    return {"get": get, "post": post}


def _operation(
    function: Mapping[str, Any], comment: Comment, method: str
) -> dict[str, Any]:
    name = function["name"]
    callers = " or ".join(function["callers"])
    return {
        "operationId": name if method == "post" else f"{method}_{name}",
        "tags": ["reads" if function["read_only"] else "records"],
        "summary": comment.summary,
        "description": f"{comment.text}\n\nRole of the token: {callers}.",
        "responses": _responses(comment),
    }


def _parameter(parameter: Mapping[str, Any], comment: Comment) -> dict[str, Any]:
    name, default = parameter["name"], parameter["default"]
    optional = default is not None and name not in comment.required
    schema = _schema(parameter["type"] + ("?" if optional else ""))
    if name in comment.parameters:
        schema["description"] = comment.parameters[name]
    if optional and (found := _CONSTANT.fullmatch(default)):
        text, literal = found.groups()
        schema["default"] = json.loads(literal) if literal else text.replace("''", "'")
    return schema


def _responses(comment: Comment) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(comment.status): {
            "description": "Done.",
            "content": {"application/json": {"schema": _schema(comment.answer)}},
        }
    }
    for status in sorted(_PROTOCOL.keys() | comment.refusals.keys()):
        codes = comment.refusals.get(status, ())
        texts = [f"Refused: {', '.join(codes)}."] if codes else []
        if status in _PROTOCOL:
            texts.append(_PROTOCOL[status])
        responses[str(status)] = {
            "description": " ".join(texts),
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}
            },
        }
    return responses


def _refusal() -> dict[str, Any]:
    text = {"type": ["string", "null"]}
    return {
        "type": "object",
        "description": "PostgREST's error body.",
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string", "description": "A fixed phrase."},
            "details": {**text, "description": "The values; JSON in a text."},
            "hint": {**text, "description": "What to do."},
        },
        "required": ["code", "message", "details", "hint"],
        "additionalProperties": False,
    }


def _schema(shape: Any) -> dict[str, Any]:
    """Turn a shape of an Answers line, or a type, into a JSON Schema."""
    if shape is None:
        return {}
    if isinstance(shape, list):
        return {"type": "array", "items": _schema(shape[0])}
    if isinstance(shape, dict):
        return {
            "type": "object",
            "properties": {k.removesuffix("?"): _schema(v) for k, v in shape.items()},
            "required": [key for key in shape if not key.endswith("?")],
            "additionalProperties": False,
        }
    name = shape.removesuffix("?")
    if name.endswith("[]"):
        schema: dict[str, Any] = {
            "type": "array",
            "items": _schema(name.removesuffix("[]")),
        }
    else:
        schema = dict(_TYPES.get(name, {"type": "string"}))
    if name != shape and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema
