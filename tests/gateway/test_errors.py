"""Database errors as HTTP answers."""

from __future__ import annotations

import json

import pytest

from gateway.errors import ApiError, database_error, header_list, http_status


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [
        ("08006", 503), ("09000", 500), ("0L000", 403), ("0P000", 403),
        ("21000", 500), ("22023", 400), ("22P02", 400), ("23502", 400),
        ("23503", 409), ("23505", 409), ("23514", 400), ("25006", 405),
        ("25P02", 500), ("28000", 403), ("2D000", 500), ("38000", 500),
        ("39000", 500), ("3B000", 500), ("40001", 500), ("40P01", 500),
        ("42501", 403), ("42601", 400), ("42703", 400), ("42883", 404),
        ("42P01", 404), ("42P17", 500), ("53300", 503), ("53400", 500),
        ("54000", 500), ("55P03", 500), ("57014", 500), ("57P01", 503),
        ("58030", 500), ("F0000", 500), ("HV000", 500), ("P0001", 400),
        ("P0002", 500), ("XX000", 500), ("PT409", 409), ("PT418", 418),
        ("PTabc", 500), ("PT099", 500), ("PT999", 500), ("ZZ123", 400),
    ],
)  # fmt: skip
def test_each_sqlstate_has_its_status(sqlstate: str, status: int) -> None:
    assert http_status(sqlstate, "message", anonymous=False) == status


@pytest.mark.parametrize(
    ("sqlstate", "message", "status"),
    [
        ("42501", "permission denied", 401),
        ("21000", "UPDATE requires a WHERE clause", 400),
        ("22023", 'role "x" does not exist', 401),
        ("42883", "function xmlagg(record) does not exist", 406),
    ],
)
def test_some_depend_on_more_than_the_code(
    sqlstate: str, message: str, status: int
) -> None:
    assert http_status(sqlstate, message, anonymous=True) == status


def raised(message: object, detail: object) -> ApiError:
    return database_error(
        "PGRST",
        message if isinstance(message, str) else json.dumps(message),
        details=detail if isinstance(detail, str | None) else json.dumps(detail),
        hint=None,
        anonymous=False,
    )


def test_a_pgrst_raise_controls_the_whole_answer() -> None:
    error = raised(
        {"code": "X1", "message": "m", "details": "d", "hint": "h"},
        {"status": 402, "headers": {"X-Why": "y"}, "status_text": "Pay"},
    )
    assert (error.status, error.code, error.details) == (402, "X1", "d")
    assert error.headers == [(b"x-why", b"y")]


def test_a_pgrst_raise_does_not_frame_its_answer() -> None:
    headers = {"Content-Length": "3", "Transfer-Encoding": "chunked", "X-Why": "y"}
    error = raised({"code": "X1", "message": "m"}, {"status": 402, "headers": headers})
    assert error.headers == [(b"x-why", b"y")]
    answer = error.response()
    assert isinstance(answer.body, bytes)
    assert dict(answer.headers)[b"content-length"] == b"%d" % len(answer.body)


@pytest.mark.parametrize(
    ("message", "detail", "which"),
    [
        ("text", {"status": 400, "headers": {}}, "MESSAGE"),
        ({"code": "X1"}, {"status": 400, "headers": {}}, "MESSAGE"),
        ({"code": 1, "message": "m"}, {"status": 400, "headers": {}}, "MESSAGE"),
        ({"code": "X1", "message": "m"}, None, "DETAIL"),
        ({"code": "X1", "message": "m"}, "text", "DETAIL"),
        ({"code": "X1", "message": "m"}, {"status": 400}, "DETAIL"),
        ({"code": "X1", "message": "m"}, {"status": "x", "headers": {}}, "DETAIL"),
        ({"code": "X1", "message": "m"}, {"status": 99, "headers": {}}, "DETAIL"),
        ({"code": "X1", "message": "m"}, {"status": True, "headers": {}}, "DETAIL"),
    ],
)
def test_a_malformed_pgrst_raise_says_which_part(
    message: object, detail: object, which: str
) -> None:
    error = raised(message, detail)
    assert (error.status, error.code) == (500, "PGRST121")
    assert which in (error.details or "")
    assert (error.hint or "").startswith(which)


@pytest.mark.parametrize("status", [204, 304])
def test_a_phrase_gives_no_body_to_a_status_without_one(status: int) -> None:
    error = database_error(
        f"PT{status}", "a phrase", details=None, hint=None, anonymous=False
    )
    response = error.response()
    assert (response.status, response.body) == (status, b"")
    assert not [name for name, _ in response.headers if name.startswith(b"content-")]


def test_a_raised_code_cannot_break_out_of_its_header() -> None:
    response = ApiError(400, "A\r\nB: c", "m").response()
    assert dict(response.headers)[b"proxy-status"] == b"PostgREST; error=ABc"


@pytest.mark.parametrize(
    "value",
    [
        {"a": "b"},
        ["a"],
        [{}],
        [{"a": "b", "c": "d"}],
        [{"a": 1}],
        [{"a": "b\r\nSet-Cookie: c"}],
        [{"a\r\nb": "c"}],
        [{"": "c"}],
    ],
)
def test_header_lists_that_cannot_be_sent_are_not_read(value: object) -> None:
    assert header_list(value) is None
