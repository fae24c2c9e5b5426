"""What a download's answer says of the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import PHOTOS, PNG, refusal

if TYPE_CHECKING:
    from tests.fleet import Fleet

    from .conftest import Aboard, Api

SIZE = len(PNG)


@pytest.fixture
def path(api: Api, aboard: Aboard) -> str:
    api.upload(aboard["crew"], aboard.name(), cache_control="max-age=3600")
    return f"{PHOTOS}/{aboard.name()}"


@pytest.mark.parametrize("route", ["object/", "object/authenticated/"])
def test_headers_say_what_it_is(
    api: Api, aboard: Aboard, path: str, route: str
) -> None:
    answer = api.send("GET", route + path, aboard["crew"])
    assert (answer.status_code, answer.content) == (200, PNG)
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-length"] == str(SIZE)
    assert headers["cache-control"] == "max-age=3600"
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["etag"].startswith('"')
    assert headers["last-modified"].endswith("GMT")
    assert "content-disposition" not in headers
    head = api.send("HEAD", route + path, aboard["crew"])
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "last-modified"):
        assert head.headers[name] == headers[name]


def test_head_of_nothing_is_refused_without_a_body(api: Api, aboard: Aboard) -> None:
    answer = api.send(
        "HEAD", f"object/{PHOTOS}/{aboard.name('no.png')}", aboard["crew"]
    )
    assert (answer.status_code, answer.content) == (400, b"")


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=5000-", 5000, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes=100-{SIZE * 2}", 100, SIZE),
    ],
)
def test_a_range_is_answered(
    api: Api, aboard: Aboard, path: str, wanted: str, start: int, stop: int
) -> None:
    answer = api.send(
        "GET", f"object/{path}", aboard["crew"], headers={"range": wanted}
    )
    assert (answer.status_code, answer.content) == (206, PNG[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"


@pytest.mark.parametrize(
    "wanted",
    [
        f"bytes=-{SIZE * 2}",
        "bytes=0-1,5-6",
        "bytes=9-1",
        "bytes=a-b",
        "lines=1-2",
        "nonsense",
    ],
)
def test_what_is_no_single_range_is_answered_whole(
    api: Api, aboard: Aboard, path: str, wanted: str
) -> None:
    answer = api.send(
        "GET", f"object/{path}", aboard["crew"], headers={"range": wanted}
    )
    assert (answer.status_code, answer.content) == (200, PNG)


def test_a_range_beyond_the_end_is_refused(api: Api, aboard: Aboard, path: str) -> None:
    headers = {"range": f"bytes={SIZE}-"}
    answer = api.send("GET", f"object/{path}", aboard["crew"], headers=headers)
    assert refusal(answer) == (416, "416", "invalid_range", "InvalidRange")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


def test_what_the_client_has_is_not_sent_again(
    api: Api, aboard: Aboard, path: str
) -> None:
    crew = aboard["crew"]
    first = api.send("GET", f"object/{path}", crew)
    etag, date = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"if-none-match": etag},
        {"if-none-match": f'"other", {etag}'},
        {"if-modified-since": date},
    ):
        answer = api.send("GET", f"object/{path}", crew, headers=headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    for headers in (
        {"if-none-match": '"other"'},
        {"if-modified-since": "Sat, 01 Jan 2000 00:00:00 GMT"},
    ):
        assert api.send("GET", f"object/{path}", crew, headers=headers).content == PNG


def test_a_range_of_something_else_is_answered_whole(
    api: Api, aboard: Aboard, path: str
) -> None:
    crew = aboard["crew"]
    etag = api.send("HEAD", f"object/{path}", crew).headers["etag"]
    for if_range, status in ((etag, 206), ('"other"', 200)):
        headers = {"range": "bytes=0-9", "if-range": if_range}
        answer = api.send("GET", f"object/{path}", crew, headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("asked", "disposition"),
    [
        ("download=", "attachment"),
        ("download", "attachment"),
        (
            "download=label%201.png",
            "attachment; filename=label%201.png; filename*=UTF-8''label%201.png;",
        ),
        (
            "download=a%22%0D%0AX-Evil:%201%00.png",
            "attachment; filename={0}; filename*=UTF-8''{0};".format(
                "a%22%0D%0AX-Evil%3A%201%00.png"
            ),
        ),
        ("download=%C3%A9", "attachment; filename=%C3%A9; filename*=UTF-8''%C3%A9;"),
    ],
)
def test_a_download_has_a_name(
    api: Api, aboard: Aboard, path: str, asked: str, disposition: str
) -> None:
    answer = api.send("GET", f"object/{path}?{asked}", aboard["crew"])
    assert answer.headers["content-disposition"] == disposition
    assert "x-evil" not in answer.headers


def test_a_query_that_is_not_utf_8_is_refused(
    api: Api, aboard: Aboard, path: str
) -> None:
    answer = api.send("GET", f"object/{path}?download=%ff", aboard["crew"])
    assert refusal(answer)[3] == "InvalidRequest"


@pytest.mark.parametrize(
    ("type_", "shown"),
    [
        ("application/pdf", True),
        ("image/webp", True),
        ("image/svg+xml", False),
        ("text/html", False),
        ("application/octet-stream", False),
    ],
)
def test_only_pictures_and_pdfs_are_shown(
    api: Api, aboard: Aboard, fleet: Fleet, path: str, type_: str, shown: bool
) -> None:
    """Whatever a bucket takes one day, a browser runs nothing of it."""
    fleet.execute(
        "UPDATE storage.objects SET metadata = metadata || jsonb_build_object("
        "'mimetype', %s::text) WHERE name = %s",
        [type_, aboard.name()],
    )
    headers = api.send("GET", f"object/{path}", aboard["crew"]).headers
    assert headers["content-type"] == type_
    assert headers["x-content-type-options"] == "nosniff"
    assert ("content-disposition" in headers) == (not shown)
