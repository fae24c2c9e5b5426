"""Named arguments in bodies and query strings."""

from __future__ import annotations

import pytest

from gateway.arguments import Source, idempotency_key, read_body, read_query
from gateway.errors import ApiError
from gateway.messages import Request

JSON = b"application/json"
FORM = b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "names", "source"),
    [
        (b"", set(), "texts"),
        (b"{}", set(), "object"),
        (b'{"a": 1, "b": null}', {"a", "b"}, "object"),
        (b'[{"a": 1}, {"a": 2}]', {"a"}, "list"),
        (b"[]", set(), "texts"),
        (b"3", set(), "texts"),
        (b"null", set(), "texts"),
        (b'{"a": ' + b"9" * 5000 + b"}", {"a"}, "object"),
    ],
)
def test_names_are_those_of_the_first_object(
    body: bytes, names: set[str], source: Source
) -> None:
    arguments = read_body(JSON, body)
    assert (arguments.names, arguments.source) == (frozenset(names), source)


@pytest.mark.parametrize(
    "body",
    [b"{", b"a", b'{"a": NaN}', b'{"a": "\xff"}', b"\xef\xbb\xbf{}", b"[" * 100_000],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as error:
        read_body(JSON, body)
    assert (error.value.code, error.value.message) == (
        "PGRST102",
        "Empty or invalid json",
    )


@pytest.mark.parametrize("body", [b'[{"a":1},{"b":1}]', b'[{"a":1},2]', b"[1]"])
def test_objects_of_an_array_have_the_same_keys(body: bytes) -> None:
    with pytest.raises(ApiError) as error:
        read_body(JSON, body)
    assert error.value.message == "All object keys must match"


@pytest.mark.parametrize("content_type", [None, JSON, b"application/json;charset=x"])
def test_json_may_be_announced_or_not(content_type: bytes | None) -> None:
    assert read_body(content_type, b'{"a": 1}').names == {"a"}


@pytest.mark.parametrize(
    "content_type", [b"text/csv; header=present", b"Application/JSON", b""]
)
def test_other_types_are_not_acceptable(content_type: bytes) -> None:
    with pytest.raises(ApiError, match="PGRST102"):
        read_body(content_type, b"a,b")


def test_columns_name_the_fields_without_a_look_at_the_body() -> None:
    arguments = read_body(JSON, b"{", frozenset({"a"}))
    assert arguments.names == {"a"}
    assert arguments.source == "either"


def test_columns_are_read_as_quickly_as_they_are_long() -> None:
    """Blanks that could belong to more than one part of the pattern took hours."""
    with pytest.raises(ApiError, match="PGRST100"):
        read_query(b"columns=" + b"+" * 30_000 + b"!", arguments=False)
    query, _ = read_query(b'columns=+a+,"b+c"+', arguments=False)
    assert query.columns == frozenset({"a", "b c"})


def test_a_form_is_decoded() -> None:
    arguments = read_body(FORM, b"a=x+y&b=%C3%A9&a=\xc3\xa9&c&")
    assert arguments.texts == {"a": ["x y", "é"], "b": ["é"], "c": [""]}


def test_a_query_is_decoded_in_order() -> None:
    _, arguments = read_query(b"a=x%20y&b=&a=%C3%A9&c", arguments=True)
    assert arguments.texts == {"a": ["x y", "é"], "b": [""]}


@pytest.mark.parametrize(
    "value", [b"eq.1", b"not.in.(1)", b"is.null", b"like(any).x", b"fts(english).x"]
)
def test_a_filter_asks_for_a_column(value: bytes) -> None:
    query, arguments = read_query(b"a=" + value, arguments=True)
    assert query.unserved is not None
    assert query.unserved.column == "a"
    assert not arguments.names


@pytest.mark.parametrize(
    ("query", "column"),
    [
        (b"select=b", "b"),
        (b"select=x:b,c", "b"),
        (b"order=b.desc", "b"),
        (b"or=(b.eq.1,c.eq.2)", "b"),
        (b"and=(b.eq.1)", "b"),
        (b"select=b->c", None),
        (b"table.limit=1", "1"),
    ],
)
def test_words_of_the_query_ask_for_columns(query: bytes, column: str | None) -> None:
    read, _ = read_query(query, arguments=True)
    assert read.unserved is not None
    assert read.unserved.column == column
    assert read.unserved.error("f", one_value=False).code == "PGRST127"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (b"a=%ff", "PGRST100"),
        (b"a=not.x", "PGRST100"),
        (b"a=in.x", "PGRST100"),
        (b"&".join([b"a=1"] * 500), "PGRST100"),
    ],
)
def test_what_cannot_be_read_is_refused(query: bytes, code: str) -> None:
    with pytest.raises(ApiError) as error:
        read_query(query, arguments=True)
    assert (error.value.status, error.value.code) == (400, code)


@pytest.mark.parametrize("value", [b"equal.1", b"1.5", b"a.eq.b", b"in", b"EQ.x"])
def test_what_only_looks_like_a_filter_is_an_argument(value: bytes) -> None:
    _, arguments = read_query(b"a=" + value, arguments=True)
    assert arguments.texts == {"a": [value.decode()]}


def test_a_post_has_no_arguments_in_its_query() -> None:
    with pytest.raises(ApiError, match="PGRST100"):
        read_query(b"a=1", arguments=False)


@pytest.mark.parametrize(
    ("content_type", "body", "key"),
    [
        (JSON, b'{"p_idempotency_key": "k 1"}', "k 1"),
        (JSON, b'[{"p_idempotency_key": "k 1"}, {}]', "k 1"),
        (FORM + b"; charset=utf-8", b"p_idempotency_key=k+1", "k 1"),
        (JSON, b'{"p_idempotency_key": 1}', None),
        (JSON, b"{}", None),
        (JSON, b"[1]", None),
        (JSON, b"{", None),
        (FORM, b"", None),
        (FORM, b"p_idempotency_key", ""),
    ],
)
def test_the_key_is_found_in_every_body(
    content_type: bytes, body: bytes, key: str | None
) -> None:
    request = Request("POST", "f", b"", [(b"content-type", content_type)], body)
    assert idempotency_key(request) == key
