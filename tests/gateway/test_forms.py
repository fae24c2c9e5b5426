"""What else a call says: the form of its answer, and what it leaves of a call."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from gateway.accept import negotiate
from gateway.cors import Cors
from gateway.errors import ApiError
from gateway.phrases import Phrased, StatusLines, phrased
from gateway.prefer import read_preferences
from gateway.ranges import Rows, read_rows

if TYPE_CHECKING:
    from .conftest import Api

OBJECT = "application/vnd.pgrst.object+json"
_amounts = itertools.count(1_000_000)


def add_rows(api: Api, name: str, rows: int, path: str = "", **headers: str) -> Any:
    arguments = {"p_name": name, "p_amount": next(_amounts), "p_rows": rows}
    return api.post(f"/rpc/add_rows{path}", arguments, headers=headers)


def written(api: Api, name: str) -> bool:
    return bool(api.get("/rpc/counted", params={"p_name": name}).json() is not None)


@pytest.mark.parametrize("rows", [0, 2])
def test_what_is_no_single_row_is_undone(direct: Api, rows: int) -> None:
    name = f"single {rows}"
    answer = add_rows(direct, name, rows, accept=OBJECT)
    assert (answer.status_code, answer.json()["code"]) == (406, "PGRST116")
    assert answer.json()["details"] == f"The result contains {rows} rows"
    assert not written(direct, name)


def test_a_single_row_is_committed(direct: Api) -> None:
    answer = add_rows(direct, "single", 1, accept=OBJECT)
    assert answer.json() == {"pgrst_scalar": 1}
    assert written(direct, "single")


def test_more_rows_than_the_bound_are_undone(direct: Api) -> None:
    prefer = "handling=strict, max-affected=2"
    answer = add_rows(direct, "bounded", 3, prefer=prefer)
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST124")
    assert answer.json()["details"] == "The query affects 3 rows"
    assert not written(direct, "bounded")
    assert add_rows(direct, "bounded", 2, prefer=prefer).json() == [1, 2]
    assert written(direct, "bounded")


def test_limit_bound_and_count_go_together(direct: Api) -> None:
    answer = add_rows(
        direct,
        "all of it",
        5,
        "?limit=2&offset=1",
        prefer="handling=strict, max-affected=2, count=exact",
    )
    assert (answer.status_code, answer.json()) == (206, [2, 3])
    assert answer.headers["content-range"] == "1-2/5"


def test_no_preference_undoes_a_call(direct: Api) -> None:
    assert add_rows(direct, "tx", 1, prefer="tx=rollback").status_code == 200
    assert written(direct, "tx")


def test_a_functions_own_bad_cast_is_not_taken_for_the_guard(direct: Api) -> None:
    answer = direct.post("/rpc/raise", {"p_state": "22P02"}, headers={"accept": OBJECT})
    assert (answer.status_code, answer.json()["code"]) == (400, "22P02")


@pytest.mark.parametrize("path", ["?limit=0", "?offset=1"])
def test_a_value_that_nobody_would_see_is_not_made(direct: Api, path: str) -> None:
    arguments = {"p_name": f"unseen {path}", "p_amount": next(_amounts)}
    answer = direct.post(f"/rpc/add{path}", arguments)
    assert (answer.status_code, answer.json()["code"]) == (416, "PGRST103")
    assert not written(direct, f"unseen {path}")


@pytest.mark.parametrize(
    ("state", "message", "phrase"),
    [
        ("PT409", "Out of stock", "Out of stock"),
        ("PT409", "a\r\nX-Bad: b", "aX-Bad: b"),
        ("PT404", "Not Found", "Not Found"),
        ("PT599", "x" * 300, "x" * 200),
    ],
)
def test_a_raised_message_is_the_reason_phrase(
    direct: Api, state: str, message: str, phrase: str
) -> None:
    answer = direct.post("/rpc/raise", {"p_state": state, "p_message": message})
    assert answer.reason_phrase == phrase
    assert answer.json()["message"] == message
    assert "x-bad" not in answer.headers


def test_a_phrase_does_not_change_the_number() -> None:
    status = phrased(409, "Out of stock")
    assert status == 409
    assert isinstance(status, Phrased)
    lines = StatusLines({409: b"HTTP/1.1 409 Conflict\r\n"})
    assert lines[409] == b"HTTP/1.1 409 Conflict\r\n"
    assert lines[status] == b"HTTP/1.1 409 Out of stock\r\n"
    assert len(lines) == 1


@pytest.mark.parametrize("phrase", [None, "", "Conflict"])
def test_the_usual_phrase_needs_no_words(phrase: str | None) -> None:
    assert not isinstance(phrased(409, phrase), Phrased)


@pytest.mark.parametrize(
    "accept", [b"text/html", b"", b"application/json;q=x, text/html", b";;,,"]
)
def test_a_form_that_there_is_not_is_refused(accept: bytes) -> None:
    if b"json" in accept:
        assert negotiate(accept) is negotiate(None)
        return
    with pytest.raises(ApiError) as error:
        negotiate(accept)
    assert (error.value.status, error.value.code) == (406, "PGRST107")


def test_preferences_may_come_in_several_headers() -> None:
    read = read_preferences(
        [b"handling=strict", b"count=exact , foo", b"max-affected=3"]
    )
    assert (read.count, read.max_affected, read.invalid) == ("count=exact", 3, ("foo",))
    assert read.applied == b"count=exact, handling=strict, max-affected=3"


def test_a_bound_that_is_no_number_bounds_nothing() -> None:
    read = read_preferences([b"handling=strict,max-affected=many"])
    assert (read.max_affected, read.invalid) == (None, ())


@pytest.mark.parametrize(
    ("limit", "offset", "header", "rows"),
    [
        (None, None, None, Rows(0, None)),
        ("2", "3", None, Rows(3, 2)),
        ("0", "3", b"9-1", Rows(0, 0)),
        ("x", "-4", b"items=0-1", Rows(0, None)),
        (None, "2", b"1-5", Rows(2, 4)),
        ("3", None, b"1-9", Rows(1, 2)),
        ("9" * 30, "9" * 30, None, Rows(10**30 - 1, 10**30 - 1)),
        ("9" * 5000, "9" * 5000, b"0-" + b"9" * 5000, Rows(0, None)),
    ],
)
def test_limits_and_ranges_meet(
    limit: str | None, offset: str | None, header: bytes | None, rows: Rows
) -> None:
    assert read_rows(limit, offset, header) == rows


def test_ranges_that_do_not_meet_cannot_be() -> None:
    with pytest.raises(ApiError, match="PGRST103"):
        read_rows("2", None, b"5-9")


def test_only_listed_origins_may_read() -> None:
    cors = Cors(("https://ours.example",))
    assert cors.headers(b"https://theirs.example") == []
    assert (
        cors.preflight(b"https://theirs.example", method=b"POST", headers=None) is None
    )
    allowed = dict(cors.headers(b"https://ours.example"))
    assert allowed[b"access-control-allow-origin"] == b"https://ours.example"
    assert allowed[b"access-control-allow-credentials"] == b"true"
    assert allowed[b"vary"] == b"Origin"


def test_origins_are_a_setting(serve: Any) -> None:
    with serve(CORS_ALLOWED_ORIGINS="https://a.example, https://b.example") as api:
        for origin, allowed in (("https://b.example", True), ("https://c", False)):
            answer = api.get("/rpc/spaced", headers={"origin": origin})
            assert ("access-control-allow-origin" in answer.headers) is allowed
