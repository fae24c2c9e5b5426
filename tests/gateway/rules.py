"""What a server must answer to, request by request, each named by the rule it shows.

PostgREST is the reference. Where the gateway means to differ from it, or from an old
version, the rule says so itself: what the gateway answers, and why.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from .conftest import SECRET, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Difference:
    """What the gateway answers instead, part by part, and why.

    `before`: only PostgREST before that version differs. `always`: also where the
    gateway forwards the call, because it answers itself.
    """

    why: str
    ours: Mapping[str, Any]
    before: int | None = None
    always: bool = False


@dataclass(frozen=True)
class Rule:
    """A request, and what may differ in the answer to it."""

    method: str
    path: str
    options: Mapping[str, Any]
    difference: Difference | None = None
    token: Callable[[], str] | None = sign


def send(
    method: str,
    path: str,
    *,
    but: Difference | None = None,
    token: Callable[[], str] | None = sign,
    json: Any = ...,
    body: bytes | str | None = None,
    **headers: str,
) -> Rule:
    """Describe a request; header names have `_` for `-`."""
    options: dict[str, Any] = {}
    if json is not ...:
        options["json"] = json
    if body is not None:
        options["content"] = body
    if headers:
        options["headers"] = {n.replace("_", "-"): v for n, v in headers.items()}
    return Rule(method, path, options, but, token)


def get(path: str, **more: Any) -> Rule:
    return send("GET", "/rpc/" + path, **more)


def post(path: str, json: Any = ..., **more: Any) -> Rule:
    return send("POST", "/rpc/" + path, json=json, **more)


def old(before: int, why: str, **ours: Any) -> Difference:
    """PostgREST answered otherwise before a version; the gateway is with the newer."""
    return Difference(f"PostgREST before {before} {why}", ours, before=before)


def ours(why: str, **answers: Any) -> Difference:
    """The direct route differs from every PostgREST."""
    return Difference(why, answers)


def own(why: str, **answers: Any) -> Difference:
    """The gateway answers by itself, whichever its route."""
    return Difference(why, answers, always=True)


def refusal(status: int, code: str, message: str | None = None) -> dict[str, Any]:
    """Parts of a refusal."""
    body = {"code": code} | ({"message": message} if message else {})
    return {"status": status, "body": body}


# A gateway serves functions, and one schema of them.
TABLES = "tables and views are left out"
PATHS = {
    "an extra segment is no path": send(
        "GET",
        "/rpc/echo/x",
        but=own("PostgREST before 13 had no code for it", **refusal(404, "PGRST125")),
    ),
    "a path of no kind is no path": send(
        "GET",
        "/a/b/c",
        but=own("PostgREST before 13 had no code for it", **refusal(404, "PGRST125")),
    ),
    "a table is not there": send(
        "GET", "/counters", but=own(TABLES, **refusal(404, "PGRST205"))
    ),
    "a table is not there to be written to": send(
        "POST", "/counters", json={}, but=own(TABLES, **refusal(404, "PGRST205"))
    ),
    "an unknown function": post("zzzzzzzz", {"b": 1, "a": 2}),
    "an unknown function without arguments": post("zzzzzzzz", {}),
    "an unknown function by GET": get("zzzzzzzz"),
    "an unknown function by HEAD": send("HEAD", "/rpc/zzzzzzzz"),
    "a function's name counts its letters' case": get("ECHO"),
    "a function's name may need quoting": get("odd%20%22name?p_a=3"),
    "a trigger function is none": post("fires", {"x": 1}),
}

METHODS = {
    **{
        f"{method} is no method of a function": send(method, "/rpc/echo")
        for method in ("PUT", "PATCH", "DELETE")
    },
    "GET calls": get("echo"),
    "HEAD calls": send("HEAD", "/rpc/echo"),
    "GET is read-only": get("add?p_name=by_get"),
    "HEAD is read-only": send("HEAD", "/rpc/add?p_name=by_head"),
    "POST of a volatile function writes": post("modes", {}),
    "GET of a volatile function is read-only": get("modes"),
    "POST of a stable function is read-only": post("stable_modes", {}),
    "a function's isolation is the transaction's": post("serial_modes", {}),
    "a function's statement_timeout is the transaction's": post("timed_modes", {}),
    "a role's settings apply": post(
        "modes", {}, token=lambda: sign(role="service_role")
    ),
    "a function's statement_timeout ends it": post("impatient", {"p_seconds": 5}),
    "OPTIONS of a stable function": send("OPTIONS", "/rpc/spaced"),
    "OPTIONS of a volatile function": send("OPTIONS", "/rpc/modes"),
    "OPTIONS of a function with required arguments": send(
        "OPTIONS",
        "/rpc/add",
        but=ours(
            "PostgREST looks for one without arguments",
            status=200,
            body=b"",
            allow=["OPTIONS,POST"],
            **{"content-type": [], "access-control-allow-origin": ["*"]},
        ),
    ),
    "OPTIONS of an unknown function": send("OPTIONS", "/rpc/zzzzzzzz"),
}

BODIES = {
    "no body is no arguments": post("echo"),
    "an empty object is no arguments": post("echo", {}),
    "fields are arguments": post("echo", {"p_text": "ø", "p_number": 2}),
    "a missing field takes the default": post("echo", {"p_text": "a"}),
    "a null is a null": post("echo", {"p_number": None}),
    "a number for a text": post("echo", body=b'{"p_text": 1.50}'),
    "an object for a text": post("echo", {"p_text": {"a": 1}}),
    "a boolean for a text": post("echo", {"p_text": True}),
    "a text for a number": post("echo", {"p_number": "7"}),
    "a word for a number": post("echo", {"p_number": "x"}),
    "a boolean for a number": post("echo", {"p_number": True}),
    "a fraction for a number": post("echo", {"p_number": 1.5}),
    "a number beyond its type": post("echo", {"p_number": 3_000_000_000}),
    "a json argument": post("echo", {"p_json": {"a": [1]}}),
    "a text as json": post("echo", {"p_json": "x"}),
    "a null as json": post("echo", {"p_json": None}),
    "a long number as json": post("echo", body=b'{"p_json": 12345678901234567890.10}'),
    "a list": post("echo", {"p_list": [1, None]}),
    "a list as a literal": post("echo", {"p_list": "{1,2}"}),
    "a list of words for numbers": post("echo", {"p_list": ["x"]}),
    "a repeated key": post("echo", body=b'{"p_text":1,"p_text":2}'),
    "a nul in a text": post("echo", {"p_text": "\0"}),
    "a nul for an unknown function": get("zzzzzzzz?p_text=%00"),
    "a lone surrogate": post(
        "echo",
        body=b'{"p_text":"\\ud800"}',
        but=ours("PostgreSQL finds it, not the gateway", **refusal(400, "22P02")),
    ),
    "a variadic parameter by its list": post("many", {"p_values": ["a", "b"]}),
    "an array's first object counts": post("echo", [{"p_text": 1}, {"p_text": 2}]),
    "an array of one": post("echo", [{"p_text": "a"}]),
    "an array's keys are the same": post("echo", [{"p_text": "a"}, {"x": 1}]),
    "an array's items are objects": post("echo", [1]),
    "an array of arrays": post("echo", [[]]),
    "an empty array is no arguments": post("echo", []),
    "a bare number is no arguments": post("echo", body=b"3"),
    "a bare null is no arguments": post("echo", body=b"null"),
    "what is no json": post("echo", body=b"{"),
    "NaN is no json": post("echo", body=b'{"p_number": NaN}'),
    "more behind the json": post("echo", body=b"{} x"),
    "space around the json": post("echo", body=b' {"p_text":"a"}\n'),
    "an unknown argument": post("echo", {"p_colour": "red"}),
    "a missing required argument": post("needs", {"p_optional": "x"}),
    "fields of a length": post(
        "padded", {"p_char": "abcd", "p_bit": "1010", "p_chars": ["abcd"]}
    ),
    "a required variadic field": post("many", {}),
    "an overloaded function": post("twice", {"p_a": 1}),
    "columns choose among the fields": post(
        "echo?columns=p_text", {"p_text": "a", "zzz": 1}
    ),
    "a column that is no field is null": post(
        "echo?columns=p_text,p_number", {"p_text": "a"}
    ),
    "columns of an array's first object": post(
        "echo?columns=p_text", [{"p_text": "a", "zzz": 1}, {"x": 1}]
    ),
    "columns that are no parameters": post("echo?columns=zzz", {"p_text": "a"}),
    "no columns": post("echo?columns=", {"p_text": "a"}),
    "columns of what is no json": post("echo?columns=p_text", body=b"{"),
    "columns of nothing": post("echo?columns=p_text"),
    "columns of an empty array": post(
        "echo?columns=p_text",
        body=b"[]",
        but=ours("no answer is empty: the call is made, with nulls", body=...),
    ),
    "columns of a number": post(
        "echo?columns=p_text",
        body=b"5",
        but=ours("another function of PostgreSQL says it", **refusal(400, "22023")),
    ),
    "columns mean nothing to GET": get("echo?columns=p_text"),
    "on_conflict means nothing": post("echo?on_conflict=a", {}),
}

FORMS = (
    b"", b'{"p_text":1}', b"a", b"p_text", b"p_text=a&p_text", b"&", b"&p_text=a",
    b"p_text=a&", b"p_text=a&&", b"p_text=a;p_number", b"=",
)  # fmt: skip
TYPES = {
    "json with a charset": post(
        "echo", body=b'{"p_text":"a"}', content_type="application/json; charset=utf-8"
    ),
    "json in capitals is another type": post(
        "echo", body=b"{}", content_type="Application/JSON"
    ),
    "an empty type is any": post("echo", body=b"{}", content_type=""),
    "any type is none": post("echo", body=b"{}", content_type="*/*"),
    "an image": post("echo", body=b"x", content_type="image/png"),
    "singular json is no body": post(
        "echo", body=b"{}", content_type="application/vnd.pgrst.object+json"
    ),
    "a form": post(
        "echo",
        body=b"p_text=a+b&p_number=2",
        content_type="application/x-www-form-urlencoded",
    ),
    "a form's repeated variadic": post(
        "many",
        body=b"p_values=a&p_values=b",
        content_type="application/x-www-form-urlencoded",
    ),
    "a form's unknown argument": post(
        "echo", body=b"zzz=1", content_type="application/x-www-form-urlencoded"
    ),
    **{
        f"a form of {body!r}": post(
            "echo", body=body, content_type="application/x-www-form-urlencoded"
        )
        for body in FORMS
    },
    "json that is announced as an array": post(
        "echo", body=b'{"p_text":"a"}', content_type="application/vnd.pgrst.array+json"
    ),
    "json that is announced as an array, in short": post(
        "echo", body=b'{"p_text":"a"}', content_type="application/vnd.pgrst.array"
    ),
    "json that is announced as an array, with a charset": post(
        "echo",
        body=b'{"p_text":"a"}',
        content_type="application/vnd.pgrst.array+json; charset=utf-8",
    ),
    "json that is announced as an array without nulls": post(
        "echo",
        body=b"{}",
        content_type="application/vnd.pgrst.array+json;nulls=stripped",
        but=ours("the refusal names no parameter", **refusal(400, "PGRST102")),
    ),
    "plain text is no named argument": post(
        "needs", body=b"x", content_type="text/plain"
    ),
    "xml is no named argument": post("needs", body=b"<a/>", content_type="text/xml"),
    "bytes are no named argument": post(
        "needs", body=b"x", content_type="application/octet-stream"
    ),
    "text to a function that needs nothing": post(
        "echo", body=b"x", content_type="text/plain"
    ),
    "a csv body": post(
        "echo",
        body=b"p_text\na\n",
        content_type="text/csv",
        but=ours(
            "csv is left out", **refusal(400, "PGRST102"), **{"content-range": []}
        ),
    ),
}

WHOLE = ours(
    "a set of rows is answered whole",
    **refusal(400, "PGRST127"),
    **{"content-range": []},
)
QUERIES = {
    "query arguments": get("echo?p_text=a%20b&p_number=2"),
    "a plus is a space": get("echo?p_text=a+b"),
    "letters of all languages": get("echo?p_text=%C3%98%E6%B2%B9"),
    "an empty argument": get("echo?p_text="),
    "a name without a value is not there": get("echo?p_text"),
    "the last of a repeated argument": get("echo?p_text=a&p_text=b"),
    "a semicolon separates": get("echo?p_text=a;p_number=2"),
    "empty parts of a query": get("echo?&p_text=a&"),
    "a broken escape is text": get("echo?p_text=%zz"),
    "what is not UTF-8": get(
        "echo?p_text=%FF",
        but=ours("PostgREST fails at it", **refusal(400, "PGRST100"), **{
            "content-type": ["application/json; charset=utf-8"]
        }),
    ),
    "a list in a query": get("echo?p_list=%7B1,2%7D"),
    "json in a query": get(
        "echo?p_json=%7B%22a%22:1%7D",
        but=old(
            13,
            "took it for the text that it is",
            body=b'{"json": {"a": 1}, "list": null, "text": null, "number": 1}',
        ),
    ),
    "a word for a number in a query": get("echo?p_number=x"),
    "a variadic parameter by repetition": get("many?p_values=a&p_values=b"),
    "a variadic parameter once": get("many?p_values=a"),
    "an unknown argument in a query": get("echo?p_colour=red"),
    "a missing required argument in a query": get("needs?p_optional=x"),
    "a word like an operator is an argument": get("echo?p_text=eq"),
    "an operator in capitals is an argument": get("echo?p_text=EQ.x"),
    "a number with a point is an argument": get("echo?p_text=1.5"),
    "texts of a length": get("padded?p_char=abcd&p_bit=1010&p_chars=%7Babcd%7D"),
    "shorter texts of a length": get("padded?p_char=a&p_bit=101&p_chars=%7Ba%7D"),
    "an overloaded function with texts of a length": get("twice_padded?p_a=a"),
    "a variadic parameter is required": get("many"),
    "a variadic parameter with a default": get("some"),
    "an overloaded function, one variadic": get("first_of?p_a=1"),
    "an overloaded function, all given": get("first_of?p_a=1&p_more=2"),
    "an argument beside a body": post("echo?p_text=a", {}),
    **{
        f"{value} is a filter": get(f"echo?p_text={value}")
        for value in (
            "eq.a", "neq.a", "gt.1", "gte.1", "lt.1", "lte.1", "like.a*", "ilike.a*",
            "match.a", "imatch.a", "in.(a,b)", "is.null", "is.true", "isdistinct.a",
            "fts.a", "plfts.a", "phfts.a", "wfts(english).a", "cs.{a}", "cd.{a}",
            "ov.{a}", "sl.(1,2)", "sr.(1,2)", "nxr.(1,2)", "nxl.(1,2)", "adj.(1,2)",
            "not.eq.a", "eq(any).{a}", "like(all).{a}",
        )
    },
    "a filter beside a body": post("echo?p_text=eq.a", {}),
    **{
        f"{value} is a broken filter": get(
            f"echo?p_text={value}",
            but=ours("PostgREST's parser says more", **refusal(400, "PGRST100")),
        )
        for value in ("not.x", "in.x", "is.maybe")
    },
    "a value has no column to select": get("spaced?select=a"),
    "a value can be selected whole": get("spaced?select=*"),
    "a value has no column to order by": get("spaced?order=a"),
    "a value has no column for conditions": get("spaced?or=(a.eq.1)"),
    "nothing to select of a value": get("spaced?select="),
    "nothing to select of rows": get("rows?select="),
    "a column of a table": get(
        "rows?select=a",
        but=WHOLE,
    ),
    "a filter on a table": get(
        "rows?a=eq.1",
        but=WHOLE,
    ),
    "an order of a table": get(
        "rows?order=a.desc",
        but=WHOLE,
    ),
}  # fmt: skip

NO_SCHEMA = Difference(
    "PostgREST before 13 said only which there are, and that behind the method",
    refusal(406, "PGRST106", "Invalid schema: private"),
    before=13,
    always=True,
)
PROFILES = {
    "another schema": post("echo", {}, content_profile="private", but=NO_SCHEMA),
    "another schema by GET": get("echo", accept_profile="private", but=NO_SCHEMA),
    "another schema by HEAD": send("HEAD", "/rpc/echo", accept_profile="private"),
    "another schema by OPTIONS": send(
        "OPTIONS", "/rpc/echo", accept_profile="private", but=NO_SCHEMA
    ),
    "the schema": post("echo", {}, content_profile="public"),
    "the schema by GET": get("echo", accept_profile="public"),
    "both profiles, as supabase-py sends them": post(
        "echo", {}, content_profile="public", accept_profile="public"
    ),
    "POST looks at Content-Profile alone": post("echo", {}, accept_profile="private"),
    "GET looks at Accept-Profile alone": get("echo", content_profile="private"),
}

OBJECT = "application/vnd.pgrst.object+json"
ARRAY = "application/vnd.pgrst.array+json"
STRIPPED = ";nulls=stripped"
UNSERVED = old(13, "answered 415", status=406)
NOT_SINGLE = old(
    13,
    "had other words and two types",
    **refusal(406, "PGRST116", "Cannot coerce the result to a single JSON object"),
    **{"content-type": ["application/json; charset=utf-8"]},
)
ACCEPT = {
    "anything": get("echo", accept="*/*"),
    "json": get("echo", accept="application/json"),
    "json with a parameter": get("echo", accept="application/json;charset=utf-8"),
    "an object": get("echo", accept=OBJECT),
    "an object by its short name": get("echo", accept="application/vnd.pgrst.object"),
    "an object without nulls": get("echo", accept=OBJECT + STRIPPED),
    "an object without nulls, with a space": get(
        "echo", accept="application/vnd.pgrst.object+json; nulls=stripped"
    ),
    "an object by POST": post("echo", {"p_text": "a"}, accept=OBJECT + STRIPPED),
    "an object of a null": get("nothing", accept=OBJECT),
    "an object without nulls of a null": get("nothing", accept=OBJECT + STRIPPED),
    "an object of a text": get("words", accept=OBJECT),
    "an object of a row": get("pair", accept=OBJECT),
    "an object of one row": get("rows?p_count=1", accept=OBJECT),
    "an object of one value": get("numbers?p_count=1", accept=OBJECT),
    "an object of two rows": get("rows", accept=OBJECT, but=NOT_SINGLE),
    "an object of a row with a column x": get("x_rows", accept=OBJECT),
    "no nulls of a row with a column x": get("x_rows", accept=ARRAY + STRIPPED),
    "an object of a record": get("record", accept=OBJECT),
    "an object of one of a set of records": get("records?p_count=1", accept=OBJECT),
    "no nulls of records": get("records", accept=ARRAY + STRIPPED),
    "an object of no row": get("rows?p_count=0", accept=OBJECT, but=NOT_SINGLE),
    "an object of no value": get("numbers?p_count=0", accept=OBJECT, but=NOT_SINGLE),
    "an object of nothing": get("no_value", accept=OBJECT),
    "an array": get("rows", accept=ARRAY),
    "an array without nulls": get("rows", accept=ARRAY + STRIPPED),
    "an array without nulls of a value": get("echo", accept=ARRAY + STRIPPED),
    "the first that there is": get("words", accept="text/html, application/json"),
    "the most wanted that there is": get(
        "echo", accept=f"{OBJECT}{STRIPPED};q=0.1, application/json;q=0.9"
    ),
    "the most wanted in any order": get(
        "echo", accept=f"application/json;q=0.2, {OBJECT}{STRIPPED};q=0.8"
    ),
    "html": get("words", accept="text/html", but=UNSERVED),
    "html or an image": get("words", accept="text/html, image/*", but=UNSERVED),
    "text": get("words", accept="text/plain", but=UNSERVED),
    "bytes": get("words", accept="application/octet-stream", but=UNSERVED),
    "any application": get("words", accept="application/*", but=UNSERVED),
    "json in capitals": get("words", accept="APPLICATION/JSON", but=UNSERVED),
    "a plan": get("words", accept="application/vnd.pgrst.plan", but=UNSERVED),
    "a plan as json": get(
        "words", accept="application/vnd.pgrst.plan+json", but=UNSERVED
    ),
    "csv": get(
        "words",
        accept="text/csv",
        but=ours("csv is left out", **refusal(406, "PGRST107"), **{
            "content-type": ["application/json; charset=utf-8"],
            "content-range": [],
        }),
    ),
    "csv or json": get(
        "words",
        accept="text/csv, application/json",
        but=ours("csv is left out, so it is json", body=b'"a \\"word\\""', **{
            "content-type": ["application/json; charset=utf-8"]
        }),
    ),
}  # fmt: skip

NO_BOUND = "did not know max-affected"
PREFER = {
    "strict": get("echo", prefer="handling=strict"),
    "lenient": get("echo", prefer="handling=lenient"),
    "an unknown preference": get("echo", prefer="foo"),
    "an unknown preference, leniently": get("echo", prefer="handling=lenient, foo"),
    "an unknown preference, strictly": get("echo", prefer="handling=strict, foo"),
    "unknown preferences, strictly": get("echo", prefer="handling=strict, a=1,b"),
    "strict in the second place": get("echo", prefer="foo, handling=strict"),
    "the first of a kind counts": get(
        "echo", prefer="handling=lenient, handling=strict, foo"
    ),
    "a timezone": get("modes", prefer="timezone=Europe/Athens"),
    "a timezone in a write": post("modes", {}, prefer="timezone=America/New_York"),
    "a timezone that is none": get(
        "echo",
        prefer="timezone=Europe/Atlantis",
        but=old(14, "had a list of them and ignored others", status=400, body={
            "code": "22023",
            "message": 'invalid value for parameter "TimeZone": "Europe/Atlantis"',
        }, **{"content-range": []}),
    ),
    "a timezone that is none, strictly": get(
        "echo",
        prefer="handling=strict, timezone=Europe/Atlantis",
        but=old(14, "had a list of them", **refusal(400, "22023")),
    ),
    "an exact count of a value": get("echo", prefer="count=exact"),
    "a planned count of a value": get("echo", prefer="count=planned"),
    "an estimated count of a value": get("echo", prefer="count=estimated"),
    "an exact count of rows": get("rows", prefer="count=exact"),
    "an exact count of no rows": get("rows?p_count=0", prefer="count=exact"),
    "a count by POST": post("rows", {}, prefer="count=exact"),
    "a count by HEAD": send("HEAD", "/rpc/rows", prefer="count=exact"),
    "a count of nothing": get("no_value", prefer="count=exact"),
    "tx is not the client's": post("echo", {}, prefer="tx=rollback"),
    "tx is known, strictly": post("echo", {}, prefer="handling=strict, tx=commit"),
    "return is not of a function": post("echo", {}, prefer="return=minimal"),
    "all that is known, strictly": post(
        "echo",
        {},
        prefer="return=representation,resolution=merge-duplicates,missing=default,"
        "count=exact,handling=strict,timezone=UTC",
    ),
    "a bound, leniently": post("rows", {}, prefer="max-affected=1"),
    "a bound that holds": post(
        "rows",
        {},
        prefer="handling=strict, max-affected=2",
        but=old(13, NO_BOUND, status=200, body=..., **{
            "content-range": ["0-1/*"],
            "preference-applied": ["handling=strict, max-affected=2"],
        }),
    ),
    "a bound that does not hold": post(
        "rows",
        {},
        prefer="handling=strict, max-affected=1",
        but=old(13, NO_BOUND, **refusal(400, "PGRST124")),
    ),
    "a bound on a value": post(
        "echo",
        {},
        prefer="handling=strict, max-affected=1",
        but=old(14, NO_BOUND, **refusal(400, "PGRST128")),
    ),
}  # fmt: skip

HIDDEN = "no answer is empty, and no call is made that nobody sees"
RANGES = {
    "a limit": get("numbers?p_count=5&limit=2"),
    "a limit and an offset": get("numbers?p_count=5&limit=2&offset=1"),
    "an offset": get("numbers?p_count=5&offset=3"),
    "an offset beyond": get("numbers?p_count=5&offset=9"),
    "a limit of none": get("numbers?p_count=5&limit=0"),
    "the last of two limits": get("numbers?p_count=5&limit=1&limit=2"),
    "the last of two offsets": get("numbers?p_count=5&offset=1&offset=2"),
    "the last of two limits, no number": get("numbers?p_count=5&limit=1&limit=x"),
    "an offset beyond all numbers": get("numbers?offset=9223372036854775808"),
    "an offset at the end of numbers": get("numbers?offset=9223372036854775807"),
    "an offset of 19 digits": get("numbers?offset=1000000000000000000"),
    "an offset of 30 digits": get("numbers?offset=" + "9" * 30),
    "a negative offset of 30 digits": get("numbers?offset=-" + "9" * 30),
    "a limit of 30 digits": get("numbers?limit=" + "9" * 30),
    "a limit and an offset at the end of numbers": get(
        "numbers?limit=9223372036854775807&offset=1"
    ),
    "a range beyond all numbers": get("numbers", range="9223372036854775808-"),
    "a range of 30 digits": get("numbers", range="0-" + "9" * 30),
    "a limit beyond": get("numbers?p_count=5&limit=50"),
    "a limit that is no number": get("numbers?p_count=5&limit=x"),
    "a negative limit": get("numbers?p_count=5&limit=-1"),
    "a negative offset": get("numbers?p_count=5&offset=-1"),
    "a limit on a table": get("rows?p_count=3&limit=1"),
    "a limit on rows with a column x": get("x_rows?limit=1", prefer="count=exact"),
    "a limit by POST": post("rows?limit=1&offset=1", {"p_count": 3}),
    "a limit and a count": get("numbers?p_count=5&limit=2", prefer="count=exact"),
    "a range": get("numbers?p_count=5", range="1-2"),
    "an open range": get("numbers?p_count=5", range="3-"),
    "a range and a limit": get("numbers?p_count=9&limit=3&offset=1", range="2-9"),
    "a range the wrong way round": get("numbers?p_count=5", range="2-1"),
    "a range of bytes": get("numbers?p_count=5", range="bytes=0-1"),
    "a range by POST": post("numbers", {"p_count": 5}, range="2-1"),
    "a part of what is counted": get(
        "numbers?p_count=5", range="0-1", prefer="count=exact"
    ),
    "all of what is counted": get(
        "numbers?p_count=5", range="0-4", prefer="count=exact"
    ),
    "a range beyond what is counted": get(
        "numbers?p_count=5", range="7-9", prefer="count=exact"
    ),
    "the only value": get("echo?limit=1"),
    "the only value, counted": get("echo?limit=1", prefer="count=exact"),
    "not the only value": get(
        "echo?offset=1",
        but=ours(HIDDEN, **refusal(416, "PGRST103"), **{"content-range": []}),
    ),
    "none of one value": post(
        "echo?limit=0",
        {},
        but=ours(HIDDEN, **refusal(416, "PGRST103"), **{"content-range": []}),
    ),
    "beyond the only value, counted": get(
        "echo?offset=5",
        prefer="count=exact",
        but=ours("said before the call", **{
            "content-range": [], "preference-applied": [],
        }),
    ),
}  # fmt: skip

BROKEN_TOKEN = "a.b.c"  # noqa: S105 - it proves nothing
ORDER = {
    "a token before a path": send(
        "GET",
        "/x/y/z",
        token=lambda: BROKEN_TOKEN,
        but=own("the gateway judges tokens as 14 does", **refusal(401, "PGRST301"), **{
            "www-authenticate": ...
        }),
    ),
    "a schema before a method": send(
        "PUT", "/rpc/echo", content_profile="private", but=NO_SCHEMA
    ),
    "a method before a query": send("PUT", "/rpc/echo?columns=", json={}),
    "a query before a range": get("echo?order=x&p_text=not.x", range="2-1", but=ours(
        "PostgREST's parser says more", **refusal(400, "PGRST100")
    )),
    "a range before a body": post("echo?limit=-1", body=b"{"),
    "a body before a function": post("zzzzzzzz", body=b"{"),
    "a type before a function": post("zzzzzzzz", body=b"{}", content_type="image/png"),
    "a function before a form of answer": get("zzzzzzzz", accept="text/html"),
    "a form of answer before preferences": get(
        "echo", accept="text/html", prefer="handling=strict, foo", but=UNSERVED
    ),
    "preferences before the database": post(
        "raise", {"p_state": "P0001"}, prefer="handling=strict, foo"
    ),
    "a form of answer before columns": get(
        "spaced?select=a", accept="text/html", but=UNSERVED
    ),
}  # fmt: skip

SUCCESS = {
    "a json value": get("spaced"),
    "a null": post("nothing", {}),
    "a text": post("words", {}),
    "nothing": post("no_value", {}),
    "nothing by GET": get("no_value"),
    "a row": get("pair"),
    "a set of values": get("numbers"),
    "an empty set of values": get("numbers?p_count=0"),
    "a set of rows": post("rows", {}),
    "an empty set of rows": get("rows?p_count=0"),
    "a row with a column x": get("x_pair"),
    "a set of rows with a column x": get("x_rows"),
    "a record": get("record"),
    "a set of records": get("records"),
    "an empty set of records": get("records?p_count=0"),
    "a large value": get("blob?p_size=300000"),
    "the value by HEAD": send("HEAD", "/rpc/spaced"),
    "the set by HEAD": send("HEAD", "/rpc/rows"),
}

GUCS = {
    "a status": post("answer", {"p_status": "418"}),
    "a status of success": post("answer", {"p_status": "201"}),
    "a status by GET": get("answer?p_status=409"),
    "a status without a body": post(
        "answer",
        {"p_status": "204"},
        but=old(13, "named the type of no content", **{"content-type": []}),
    ),
    "a status that is none": post("answer", {"p_status": "abc"}),
    **{
        f"a status of {status} and nothing": post("no_value_but", {"p_status": status})
        for status in ("200", "404", "204")
    },
    "a status and no object": post(
        "no_value_but", {"p_status": "200"}, accept=OBJECT + STRIPPED
    ),
    "a status and nothing, of a schema": post(
        "no_value_but", {"p_status": "201"}, content_profile="public"
    ),
    "a long header": post("answer", {"p_headers": json.dumps([{"X-A": "a" * 20_000}])}),
    "headers": post("answer", {"p_headers": '[{"X-A":"1"}]'}),
    "two of a header": post("answer", {"p_headers": '[{"X-A":"1"},{"X-A":"2"}]'}),
    "another type": post("answer", {"p_headers": '[{"Content-Type":"text/plain"}]'}),
    "headers that are no list": post("answer", {"p_headers": '{"X-A":"1"}'}),
    "headers that are no json": post("answer", {"p_headers": "x"}),
    "a header that is no text": post("answer", {"p_headers": '[{"X-A":1}]'}),
    "two names in one": post("answer", {"p_headers": '[{"X-A":"1","X-B":"2"}]'}),
    "a status and headers are lost by an error": post("lost", {}),
    "no cookies are json too": post("cookies", {}),
    "what SQL sees of the request": post("seen", {}),
    "what SQL sees of a query": get("seen?p_text=x"),
    "the claims": post(
        "claims", {}, token=lambda: sign(sub="somebody", exp=4_000_000_000)
    ),
    "nobody's claims": post("claims", {}, token=None),
}

# Without class 40: PostgREST before 16 tries those calls again, for ever.
STATES = (
    "08000", "08006", "09000", "0A000", "0L000", "0LP01", "0P000", "22000",
    "22003", "22023", "22P02", "23000", "23502", "23503", "23505", "23514", "23P01",
    "25000", "25001", "25006", "25P02", "28000", "28P01", "2D000", "2F000", "34000",
    "38000", "38004", "39000", "39P01", "3B000", "3B001", "3D000", "42501", "42601",
    "42703", "42883", "42P01", "44000", "53000", "53100", "53300", "55P03", "57014",
    "58000", "58030", "F0000", "HV000", "P0001", "P0002", "P0003", "P0004", "XX000",
    "XX001", "ZZ123",
)  # fmt: skip


def raised(state: str, message: Any = "m", detail: Any = "d", **more: Any) -> Rule:
    """Have a function raise; objects are written as JSON."""
    texts = [
        text if isinstance(text, str | None) else json.dumps(text)
        for text in (message, detail)
    ]
    arguments = {"p_state": state, "p_message": texts[0], "p_detail": texts[1]}
    return post("raise", arguments, **more)


FULL = {"code": "X1", "message": "m", "details": "d", "hint": "h"}
PAY = {"status": 402, "headers": {"X-A": "b"}, "status_text": "Pay up"}
MALFORMED = old(13, "had no details", **refusal(500, "PGRST121"))
ERRORS = {
    **{f"a raised {state}": raised(state) for state in STATES},
    "a raised 21000": raised("21000", but=old(13, "answered 400", status=500)),
    "a raised 42P17": raised("42P17", but=old(13, "answered 400", status=500)),
    "a raised 53400": raised("53400", but=old(13, "answered 503", status=500)),
    "a raised 54000": raised("54000", but=old(13, "answered 413", status=500)),
    "a raised 57P01": raised("57P01"),
    "42501 to nobody": raised("42501", token=None),
    "what nobody may execute": post("hidden", {}, token=None),
    "what a person may not execute": post("hidden", {}),
    "22023 about a role": raised(
        "22023", 'role "x" does not exist', but=old(13, "answered 400", status=401, **{
            "www-authenticate": ["Bearer"]
        }),
    ),
    "21000 about a WHERE": raised("21000", "UPDATE requires a WHERE clause"),
    "42883 about xmlagg": raised("42883", "function xmlagg(record) does not exist"),
    "all parts of an error": raised("P0001", "m ø", "d"),
    "an error without details": raised("P0001", "m", None),
    **{
        f"a raised PT{tail}": raised(f"PT{tail}", "A phrase of ours")
        for tail in ("200", "402", "404", "409", "418", "423", "429", "503")
    },
    "a long message": raised("PT409", "a" * 10_000),
    "a raised PT without a number": raised("PTABC"),
    "PT401 asks for a token": raised("PT401", "Who are you?"),
    "a PGRST raise": raised("PGRST", FULL, PAY),
    "a PGRST raise with less": raised(
        "PGRST", {"code": "X1", "message": "m"}, {"status": 409, "headers": {}}
    ),
    "a PGRST raise of 401 gets no challenge": raised(
        "PGRST", FULL, {"status": 401, "headers": {}}
    ),
    "a PGRST raise without details": raised("PGRST", FULL, None, but=MALFORMED),
    "a PGRST raise of no json": raised("PGRST", "text", PAY, but=MALFORMED),
    "a PGRST raise without a code": raised(
        "PGRST", {"message": "m"}, PAY, but=MALFORMED
    ),
    "a PGRST raise with a number as message": raised(
        "PGRST", {"code": "X1", "message": 1}, PAY, but=MALFORMED
    ),
    "a PGRST raise without a status": raised(
        "PGRST", FULL, {"headers": {}}, but=MALFORMED
    ),
    "a PGRST raise without headers": raised(
        "PGRST", FULL, {"status": 409}, but=MALFORMED
    ),
    "a PGRST raise with a text as status": raised(
        "PGRST", FULL, {"status": "x", "headers": {}}, but=MALFORMED
    ),
}  # fmt: skip

PREFLIGHT: dict[str, Any] = {
    "origin": "https://a.example",
    "access_control_request_method": "POST",
}
CORS = {
    "a preflight": send("OPTIONS", "/rpc/echo", **PREFLIGHT, token=None),
    "a preflight that names headers": send(
        "OPTIONS",
        "/rpc/echo",
        **PREFLIGHT,
        access_control_request_headers="apikey, Content-Type",
        token=None,
    ),
    "a preflight needs no function": send("OPTIONS", "/rpc/zzzzzzzz", **PREFLIGHT),
    "a preflight needs no token": send(
        "OPTIONS", "/rpc/echo", **PREFLIGHT, token=lambda: BROKEN_TOKEN
    ),
    "a preflight for an unknown method": send(
        "OPTIONS",
        "/rpc/spaced",
        origin="https://a.example",
        access_control_request_method="FOO",
    ),
    "OPTIONS of a page that asks nothing": send(
        "OPTIONS", "/rpc/spaced", origin="https://a.example"
    ),
    "a page's call": get("spaced", origin="https://a.example"),
    "a page's write": post("echo", {}, origin="https://a.example"),
    "a sandboxed page's call": get("spaced", origin="null"),
    "a page's refused call": get("zzzzzzzz", origin="https://a.example"),
    "a page's failed call": raised("P0001", origin="https://a.example"),
    "a page's other method": send("PUT", "/rpc/echo", origin="https://a.example"),
}


def _forged(header: Mapping[str, Any]) -> str:
    text = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return ".".join([text, *sign().split(".")[1:]])


def _claiming(value: str) -> str:
    """Sign claims of which one is written as this text."""
    payload = f'{{"role":"authenticated","exp":4000000000,"a":{value}}}'
    return jwt.PyJWS().encode(payload.encode(), SECRET.encode(), "HS256")


def _unreadable(message: str) -> Difference:
    return _judged("PGRST301", message)


def _claims(message: str) -> Difference:
    return _judged("PGRST303", message)


def _judged(code: str, message: str) -> Difference:
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    return own(
        "the gateway judges tokens itself, as PostgREST 14 does",
        **refusal(401, code, message),
        **{
            "www-authenticate": [challenge],
            "content-type": ["application/json; charset=utf-8"],
            "content-range": [],
        },
    )


NOW = int(time.time())
BAD_TIME = "The JWT '{}' claim must be a number"
NO_KEY = "No suitable key or wrong key type"
NO_ALGORITHM = "Wrong or unsupported encoding algorithm"
NO_AUDIENCE = "JWT not in audience"
STRICTER = "the gateway is stricter than PostgREST"
TOKENS = {
    "nobody is anonymous": post("modes", {}, token=None),
    "a scheme that is not Bearer": post(
        "modes", {}, token=None, authorization="Basic YTpi"
    ),
    "a scheme in lower case": post(
        "modes", {}, token=None, authorization=f"bearer {sign(exp=NOW + 3600)}"
    ),
    "a scheme in capitals": post(
        "modes", {}, token=None, authorization=f"BEARER {sign(exp=NOW + 3600)}"
    ),
    "a tab behind Bearer": post(
        "modes", {}, token=None, authorization=f"Bearer\t{sign(exp=NOW + 3600)}"
    ),
    "a token without exp behind a tab": post(
        "modes",
        {},
        token=None,
        authorization=f"Bearer\t{sign(exp=...)}",
        but=own(STRICTER, **refusal(401, "PGRST303", BAD_TIME.format("exp")), **{
            "content-range": [], "www-authenticate": ...,
        }),
    ),
    "no token behind Bearer": post(
        "modes",
        {},
        token=None,
        authorization="Bearer",
        but=_unreadable("Empty JWT is sent in Authorization header"),
    ),
    **{
        f"a token of {count} parts": get(
            "echo",
            token=lambda count=count: ".".join("abcdef"[:count]),
            but=_unreadable(f"Expected 3 parts in JWT; got {count}"),
        )
        for count in (1, 2, 4, 5)
    },
    "a token of nothing": get(
        "echo",
        token=lambda: BROKEN_TOKEN,
        but=_unreadable("JWT cryptographic operation failed"),
    ),
    "another secret": get(
        "echo", token=lambda: sign(secret="x" * 32), but=_unreadable(NO_KEY)
    ),
    "a changed payload": get(
        "echo",
        token=lambda: ".".join(
            [sign().split(".")[0], sign(sub="x").split(".")[1], sign().split(".")[2]]
        ),
        but=_unreadable(NO_KEY),
    ),
    "no signature": get(
        "echo",
        token=lambda: jwt.encode({"exp": NOW + 60}, "", algorithm="none"),
        but=_unreadable(NO_ALGORITHM),
    ),
    **{
        f"{name} is not the pinned algorithm": get(
            "echo",
            token=lambda name=name: sign(algorithm=name),
            but=_unreadable(NO_ALGORITHM),
        )
        for name in ("HS384",)
    },
    **{
        f"an announced {name} is not the pinned algorithm": get(
            "echo",
            token=lambda name=name: _forged({"alg": name, "typ": "JWT"}),
            but=_unreadable(NO_ALGORITHM),
        )
        for name in ("HS512", "RS256", "ES256", "EdDSA", "None")
    },
    "an expired token": get(
        "echo", token=lambda: sign(exp=NOW - 3600), but=_claims("JWT expired")
    ),
    "a token that expired just now": get(
        "echo",
        token=lambda: sign(exp=int(time.time()) - 5),
    ),
    "a token that never expires": get(
        "echo",
        token=lambda: sign(exp=...),
        but=own(STRICTER, **refusal(401, "PGRST303", BAD_TIME.format("exp")), **{
            "content-range": [], "www-authenticate": ...,
        }),
    ),
    "a token for later": get(
        "echo", token=lambda: sign(nbf=NOW + 3600), but=_claims("JWT not yet valid")
    ),
    "a token for very soon": get("echo", token=lambda: sign(nbf=int(time.time()) + 5)),
    "a token from the future": get(
        "echo", token=lambda: sign(iat=NOW + 3600), but=_claims("JWT issued at future")
    ),
    **{
        f"a text as {claim}": get(
            "echo",
            token=lambda claim=claim: sign(**{claim: "soon"}),
            but=_claims(BAD_TIME.format(claim)),
        )
        for claim in ("exp", "nbf", "iat")
    },
    **{
        f"a fraction as {claim}": get(
            "echo",
            token=lambda claim=claim, at=NOW + offset + 0.5: sign(**{claim: at}),
            but=own(STRICTER, **refusal(401, "PGRST303", BAD_TIME.format(claim)), **{
                "content-range": [], "www-authenticate": ...,
            }),
        )
        for claim, offset in (("exp", 60), ("nbf", -60), ("iat", -60))
    },
    "the audience": get("echo", token=lambda: sign(aud="authenticated")),
    "the audience among others": get(
        "echo", token=lambda: sign(aud=["x", "authenticated"])
    ),
    "no audience": get("echo", token=lambda: sign(aud=None)),
    "an empty list of audiences": get(
        "echo",
        token=lambda: sign(aud=[]),
        but=old(13, "refused it", status=200, body=..., **{
            "www-authenticate": [], "content-range": ["0-0/*"],
        }),
    ),
    "another audience": get(
        "echo", token=lambda: sign(aud="other"), but=_claims(NO_AUDIENCE)
    ),
    "other audiences": get(
        "echo", token=lambda: sign(aud=["a", "b"]), but=_claims(NO_AUDIENCE)
    ),
    "a number as audience": get(
        "echo",
        token=lambda: sign(aud=5),
        but=_claims("The JWT 'aud' claim must be a string or an array of strings"),
    ),
    "no role is nobody's": post("modes", {}, token=lambda: sign(role=...)),
    "the service's role": post(
        "modes", {}, token=lambda: sign(role="service_role", sub=...)
    ),
    "a role that does not exist": get(
        "echo",
        token=lambda: sign(role="captain"),
        but=own("PostgREST before 13 answered 400", **refusal(401, "22023"), **{
            "www-authenticate": ["Bearer"]
        }),
    ),
    "a role that no token may have": get(
        "echo",
        token=lambda: sign(role="postgres"),
        but=own("the gateway knows three roles", **refusal(401, "22023"), **{
            "www-authenticate": ["Bearer"]
        }),
    ),
    **{
        f"{value} among the claims": get("echo", token=lambda value=value: _claiming(
            value
        ), but=_claims("Parsing claims failed"))
        for value in ("NaN", "-Infinity", r'"\ud800"')
    },
    "a number among the claims that is too large": get(
        "echo",
        token=lambda: _claiming("1e400"),
        but=own(STRICTER, **refusal(401, "PGRST303", "Parsing claims failed"), **{
            "content-range": [], "www-authenticate": ...,
        }),
    ),
    "letters of all languages in the claims": get(
        "claims", token=lambda: sign(name="Ø油😀", exp=4_000_000_000)
    ),
    "claims that are no object": get(
        "echo",
        token=lambda: jwt.PyJWS().encode(b"[1]", SECRET.encode(), "HS256"),
        but=_claims("Parsing claims failed"),
    ),
}  # fmt: skip

RULES: dict[str, Rule] = {
    f"{group}: {name}": rule
    for group, rules in {
        "path": PATHS,
        "method": METHODS,
        "body": BODIES,
        "type": TYPES,
        "query": QUERIES,
        "profile": PROFILES,
        "accept": ACCEPT,
        "prefer": PREFER,
        "range": RANGES,
        "order": ORDER,
        "success": SUCCESS,
        "settings": GUCS,
        "error": ERRORS,
        "cors": CORS,
        "token": TOKENS,
    }.items()
    for name, rule in rules.items()
}
