"""Named arguments in bodies and query strings."""

from __future__ import annotations

import pytest

from gateway.arguments import Body, read_body, read_query
from gateway.errors import ApiError

JSON = b"application/json"


@pytest.mark.parametrize(
    ("body", "names", "listed"),
    [
        (b"", set(), False),
        (b"{}", set(), False),
        (b'{"a": 1, "b": null}', {"a", "b"}, False),
        (b'[{"a": 1}, {"a": 2}]', {"a"}, True),
        (b"[]", set(), False),
        (b"3", set(), False),
        (b"null", set(), False),
        (b'{"a": ' + b"9" * 5000 + b"}", {"a"}, False),
    ],
)
def test_names_are_those_of_the_first_object(
    body: bytes, names: set[str], *, listed: bool
) -> None:
    assert read_body(JSON, body) == Body(frozenset(names), listed=listed)


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


@pytest.mark.parametrize("content_type", [None, JSON, b"Application/JSON;charset=x"])
def test_json_may_be_announced_or_not(content_type: bytes | None) -> None:
    assert read_body(content_type, b'{"a": 1}').names == {"a"}


def test_other_types_are_not_acceptable() -> None:
    with pytest.raises(ApiError) as error:
        read_body(b"text/csv; header=present", b"a,b")
    assert error.value.message == "Content-Type not acceptable: text/csv"


def test_a_query_is_decoded_in_order() -> None:
    pairs = read_query(b"a=x%20y&b=&a=%C3%A9", function="f", arguments=True)
    assert pairs == [("a", "x y"), ("b", ""), ("a", "é")]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (b"a=eq.1", "42703"),
        (b"a=not.in.(1)", "42703"),
        (b"a=is.null", "42703"),
        (b"a=like(any).x", "42703"),
        (b"a=fts(english).x", "42703"),
        (b"select=a", "PGRST127"),
        (b"limit=1", "PGRST127"),
        (b"a=%ff", "PGRST100"),
        (b"a=%00", "22021"),
        (b"&".join([b"a=1"] * 500), "PGRST100"),
    ],
)
def test_what_is_no_argument_is_refused(query: bytes, code: str) -> None:
    with pytest.raises(ApiError) as error:
        read_query(query, function="f", arguments=True)
    assert (error.value.status, error.value.code) == (400, code)


@pytest.mark.parametrize("value", [b"in.5", b"is.it", b"equal.1", b"1.5", b"a.eq.b"])
def test_what_only_looks_like_a_filter_is_an_argument(value: bytes) -> None:
    pairs = read_query(b"a=" + value, function="f", arguments=True)
    assert pairs == [("a", value.decode())]


def test_a_post_has_no_arguments_in_its_query() -> None:
    with pytest.raises(ApiError) as error:
        read_query(b"a=1", function="f", arguments=False)
    assert error.value.code == "PGRST100"
