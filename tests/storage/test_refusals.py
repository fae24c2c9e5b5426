"""What storage refuses, in Supabase's words: callers, types, sizes, bodies, routes."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import LABELS, PDF, PHOTOS, PNG, refusal, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Aboard, Api

NO_BUCKET = (400, "404", "Bucket not found", "NoSuchBucket")
NO_OBJECT = (400, "404", "not_found", "NoSuchKey")
DENIED = (400, "403", "Unauthorized", "AccessDenied")
INVALID = (400, "400", "InvalidRequest", "InvalidRequest")
TOO_LARGE = (400, "413", "Payload too large", "EntityTooLarge")
WRONG_TYPE = (400, "415", "invalid_mime_type", "InvalidMimeType")
NO_ROUTE = (404, "404", "Not Found", "NotFound")
LABEL_LIMIT = 5 * 1024 * 1024


def test_a_call_without_a_token_is_refused(api: Api, aboard: Aboard) -> None:
    name = f"{PHOTOS}/{aboard.name()}"
    api.upload(aboard["crew"], aboard.name())
    for path in (name, f"authenticated/{name}", f"info/{name}"):
        assert refusal(api.send("GET", f"object/{path}")) == NO_BUCKET
    for path in (f"public/{name}", f"info/public/{name}"):
        answer = api.send("GET", f"object/{path}", aboard["crew"])
        assert refusal(answer) == NO_BUCKET
    assert refusal(api.upload(None, aboard.name("a.png"))) == INVALID
    assert refusal(api.send("DELETE", f"object/{name}")) == INVALID
    assert refusal(api.send("POST", f"object/list/{PHOTOS}", json={})) == INVALID


def test_an_anonymous_token_is_refused(api: Api, aboard: Aboard) -> None:
    """What clients send before anybody has signed in."""
    token = api.token(None, role="anon")
    name = f"{PHOTOS}/{aboard.name()}"
    api.upload(aboard["crew"], aboard.name())
    answer = api.send(
        "POST", f"object/{PHOTOS}/{aboard.name('a.png')}", token=token, content=PNG
    )
    assert refusal(answer) == DENIED
    assert refusal(api.send("GET", f"object/{name}", token=token)) == NO_BUCKET
    assert refusal(api.send("DELETE", f"object/{name}", token=token)) == NO_OBJECT
    answer = api.send(
        "POST", f"object/sign/{name}", token=token, json={"expiresIn": 60}
    )
    assert refusal(answer) == NO_OBJECT
    answer = api.send("POST", f"object/list/{PHOTOS}", token=token, json={"prefix": ""})
    assert answer.json() == []
    answer = api.send(
        "DELETE", f"object/{PHOTOS}", token=token, json={"prefixes": [aboard.name()]}
    )
    assert answer.json() == []


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("expired", '"exp" claim timestamp check failed'),
        ("forged", "signature verification failed"),
        ("x.y", "Invalid Compact JWS"),
        ("elsewhere", "JWT not in audience"),
    ],
)
def test_a_bad_token_is_refused(
    api: Api, aboard: Aboard, token: str, message: str
) -> None:
    person = aboard["crew"]
    if token == "expired":  # noqa: S105 - a name
        token = api.token(person, lifetime=timedelta(minutes=-5))
    elif token == "forged":  # noqa: S105 - a name
        token = api.token(person)[:-6] + "AAAAAA"
    elif token == "elsewhere":  # noqa: S105 - a name
        token = api.token(person, audience="elsewhere")
    for method in ("GET", "POST"):
        answer = api.send(method, f"object/{PHOTOS}/{aboard.name()}", token=token)
        assert refusal(answer) == DENIED
        assert answer.json()["message"] == message


def test_a_service_reads_and_is_no_member_of_a_crew(api: Api, aboard: Aboard) -> None:
    """The sweep acts as this role: it sees every row."""
    api.upload(aboard["crew"], aboard.name())
    token = api.token(None, role="service_role")
    path = f"object/info/{PHOTOS}/{aboard.name()}"
    assert api.send("GET", path, token=token).json()["size"] == len(PNG)


def test_an_unknown_bucket_is_refused(api: Api, aboard: Aboard) -> None:
    for bucket in ("elsewhere", "..", "pms-part-photos%00"):
        path = f"object/{bucket}/{aboard.name()}"
        answer = api.send("POST", path, aboard["crew"], content=PNG)
        assert refusal(answer) in (NO_BUCKET, INVALID)
        answer = api.send("GET", path, aboard["crew"])
        assert refusal(answer) in (NO_OBJECT, INVALID)


@pytest.mark.parametrize(
    "type_", ["text/plain", "image/svg+xml", "text/html", "image", "", "image/png\tx"]
)
def test_a_wrong_type_is_refused(
    api: Api, aboard: Aboard, folder: Path, type_: str
) -> None:
    before = stored(folder)
    answer = api.upload(aboard["crew"], aboard.name("a.png"), type_=type_)
    assert refusal(answer) == WRONG_TYPE
    files = {"file": ("a.png", PNG, type_)} if type_.strip() else {}
    if files:
        path = f"object/{PHOTOS}/{aboard.name('a.png')}"
        answer = api.send("POST", path, aboard["crew"], files=files)
        assert refusal(answer) == WRONG_TYPE
    assert stored(folder) == before


def test_parameters_of_a_type_are_left_out(api: Api, aboard: Aboard) -> None:
    name = aboard.name()
    assert api.upload(aboard["crew"], name, type_="Image/PNG; a=b").status_code == 200
    assert api.client(aboard["crew"]).info(name)["content_type"] == "image/png"


def _whole() -> bytes:
    return PDF + bytes(LABEL_LIMIT + 1 - len(PDF))


def _parts() -> Iterator[bytes]:
    # Without a length: what is sent in chunks is counted as it comes.
    for start in range(0, LABEL_LIMIT + 1, 65536):
        yield bytes(min(65536, LABEL_LIMIT + 1 - start))


@pytest.mark.parametrize(
    "body",
    [
        lambda: {"content": _whole()},
        lambda: {"content": _parts()},
        lambda: {"files": {"file": ("a.pdf", _whole(), "application/pdf")}},
        lambda: {"content": _whole() * 2},
    ],
    ids=["whole", "in chunks", "form", "far too large"],
)
def test_what_is_too_large_leaves_nothing(
    api: Api, aboard: Aboard, folder: Path, body: Callable[[], dict[str, Any]]
) -> None:
    before = stored(folder)
    given = body()
    headers = {} if "files" in given else {"content-type": "application/pdf"}
    name = aboard.name("a.pdf")
    answer = api.send(
        "POST", f"object/{LABELS}/{name}", aboard["crew"], headers=headers, **given
    )
    assert refusal(answer) == TOO_LARGE
    assert stored(folder) == before
    assert not api.client(aboard["crew"], LABELS).exists(name)


def test_the_buckets_limit_counts_and_not_that_of_rpc(api: Api, aboard: Aboard) -> None:
    content = PDF + bytes(LABEL_LIMIT - len(PDF))
    labels = api.client(aboard["crew"], LABELS)
    labels.upload(aboard.name("a.pdf"), content, {"content-type": "application/pdf"})
    assert labels.download(aboard.name("a.pdf")) == content
    answer = api.upload(
        aboard["crew"],
        aboard.name("b.pdf"),
        content,
        bucket=LABELS,
        type_="application/pdf",
    )
    assert answer.status_code == 200
    answer = api.send(
        "POST", f"object/list/{LABELS}", aboard["crew"], content=b" " * (1 << 21)
    )
    assert refusal(answer) == TOO_LARGE


def test_an_empty_file_is_a_file(api: Api, aboard: Aboard) -> None:
    photos = api.client(aboard["crew"])
    photos.upload(aboard.name("a.png"), b"", {"content-type": "image/png"})
    assert photos.download(aboard.name("a.png")) == b""
    assert api.upload(aboard["crew"], aboard.name("b.png"), b"").status_code == 200
    assert photos.info(aboard.name("b.png"))["size"] == 0


FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'


@pytest.mark.parametrize(
    ("type_", "content"),
    [
        ("multipart/form-data", FORM),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b"no form at all"),
        (
            "multipart/form-data; boundary=x",
            FORM + b"Content-Type: image/png\r\n\r\nhalf a file",
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
        ),
    ],
    ids=["no boundary", "nothing", "no part", "noise", "cut", "unnamed", "no file"],
)
def test_a_broken_form_leaves_nothing(
    api: Api, aboard: Aboard, folder: Path, type_: str, content: bytes
) -> None:
    before = stored(folder)
    answer = api.upload(aboard["crew"], aboard.name("a.png"), content, type_=type_)
    assert refusal(answer) == INVALID
    assert stored(folder) == before
    assert not api.client(aboard["crew"]).exists(aboard.name("a.png"))


def test_a_form_with_too_much_beside_the_file_is_refused(
    api: Api, aboard: Aboard
) -> None:
    path = f"object/{PHOTOS}/{aboard.name('a.png')}"
    files = {"file": ("a.png", PNG, "image/png")}
    for fields in (
        {"metadata": "x" * (3 << 20)},
        {f"field{number}": "1" for number in range(20)},
    ):
        answer = api.send("POST", path, aboard["crew"], files=files, data=fields)
        assert refusal(answer) == TOO_LARGE


@pytest.mark.parametrize("depth", [101, 960, 100_000])
def test_metadata_that_is_nested_too_deeply_is_refused(
    api: Api, aboard: Aboard, depth: int
) -> None:
    nested = b'{"a": ' * depth + b"1" + b"}" * depth
    if depth > 1000:
        files = {"metadata": (None, nested), "": ("a.png", PNG, "image/png")}
        path = f"object/{PHOTOS}/{aboard.name()}"
        answer = api.send("POST", path, aboard["crew"], files=files)
    else:
        header = base64.b64encode(nested).decode()
        answer = api.upload(aboard["crew"], aboard.name(), x_metadata=header)
    assert refusal(answer) == INVALID
    assert "metadata" in answer.json()["message"]


def test_metadata_travels_in_a_header_too(api: Api, aboard: Aboard) -> None:
    name = aboard.name()
    # {"part": "F-100"} in base 64; what is no object counts for nothing.
    header = "eyJwYXJ0IjogIkYtMTAwIn0="
    api.upload(aboard["crew"], name, x_metadata=header, cache_control="max-age=9")
    info = api.client(aboard["crew"]).info(name)
    assert (info["metadata"], info["cache_control"]) == ({"part": "F-100"}, "max-age=9")
    other = aboard.name("b.png")
    api.upload(aboard["crew"], other, x_metadata="???", cache_control="a; b: c")
    info = api.client(aboard["crew"]).info(other)
    assert (info["metadata"], info["cache_control"]) == (None, "no-cache")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("object/list/{0}", []),
        ("object/list/{0}", {}),
        ("object/list/{0}", {"prefix": "\0"}),
        ("object/list/{0}", {"prefix": "", "limit": 0}),
        ("object/list/{0}", {"prefix": "", "limit": "many"}),
        ("object/list/{0}", {"prefix": "", "sortBy": {"column": "version"}}),
        ("object/list/{0}", {"prefix": "", "sortBy": {"order": "asc; DROP"}}),
        ("object/list/{0}", {"prefix": "", "sortBy": "name"}),
        ("object/sign/{0}", {"expiresIn": 60}),
        ("object/sign/{0}", {"paths": [], "expiresIn": 60}),
        ("object/sign/{0}", {"paths": [1], "expiresIn": 60}),
        ("object/sign/{0}", {"paths": ["a"] * 1001, "expiresIn": 60}),
        ("object/sign/{0}", {"paths": ["a"], "expiresIn": 0}),
        ("object/sign/{0}/a", {}),
        ("object/sign/{0}/a", {"expiresIn": True}),
        ("object/sign/{0}/a", {"expiresIn": 10**30}),
        ("object/move", {"bucketId": "a", "sourceKey": "b"}),
        ("object/copy", {"sourceKey": "a", "destinationKey": "b"}),
    ],
)
def test_an_unfit_body_is_refused(
    api: Api, aboard: Aboard, path: str, body: object
) -> None:
    answer = api.send("POST", path.format(PHOTOS), aboard["crew"], json=body)
    assert refusal(answer) == INVALID


def test_text_that_is_no_text_is_refused(api: Api, aboard: Aboard) -> None:
    """Half a surrogate pair: JSON can say it, PostgreSQL cannot hold it."""
    answer = api.send(
        "POST",
        f"object/list/{PHOTOS}",
        aboard["crew"],
        content=rb'{"prefix": "\ud800"}',
    )
    assert refusal(answer) == INVALID


def test_more_names_than_a_thousand_are_not_removed_at_once(
    api: Api, aboard: Aboard
) -> None:
    answer = api.send(
        "DELETE",
        f"object/{PHOTOS}",
        aboard["manager"],
        json={"prefixes": [aboard.name(f"{n}.png") for n in range(1001)]},
    )
    assert refusal(answer) == INVALID


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "bucket"),
        ("POST", "bucket"),
        ("POST", "upload/resumable"),
        ("GET", "s3/pms-part-photos"),
        ("GET", "render/image/authenticated/pms-part-photos/a.png"),
        ("POST", "object/list-v2/pms-part-photos"),
        ("PATCH", "object/pms-part-photos/a.png"),
        ("GET", "object"),
        ("GET", "object/pms-part-photos"),
        ("GET", ""),
    ],
)
def test_what_is_not_served_says_so(
    api: Api, aboard: Aboard, method: str, path: str
) -> None:
    assert refusal(api.send(method, path, aboard["crew"])) == NO_ROUTE


def test_pictures_are_not_transformed(api: Api, aboard: Aboard) -> None:
    api.upload(aboard["crew"], aboard.name())
    body = {"expiresIn": 60, "transform": {"width": 10}}
    path = f"object/sign/{PHOTOS}/{aboard.name()}"
    answer = api.send("POST", path, aboard["crew"], json=body)
    assert answer.json()["code"] == "FeatureNotEnabled"
