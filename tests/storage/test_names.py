"""Names of objects: what they may be, and that no trick leads to another yacht."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from .conftest import PHOTOS, PNG, refusal, stored

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from .conftest import Aboard, Api

INVALID_KEY = (400, "400", "InvalidKey", "InvalidKey")
DENIED = (400, "403", "Unauthorized", "AccessDenied")
STARTED = b"\x89PNG"

TRICKS = {
    "dot dot": "{yacht}/../{other}/a.png",
    "dot": "{yacht}/./a.png",
    "encoded dots": "{yacht}/%2e%2e/{other}/a.png",
    "encoded slash": "{yacht}/..%2f{other}%2fa.png",
    "encoded twice": "{yacht}/%252e%252e/{other}/a.png",
    "backslash": "{yacht}/..%5c{other}%5ca.png",
    "NUL": "{yacht}/a.png%00.pdf",
    "not UTF-8": "{yacht}/%ff.png",
    "unicode": "{yacht}/%C3%A9.png",
    "line break": "{yacht}/a%0d%0aX-Evil:1.png",
    "very long": "{yacht}/" + "a" * 1024,
    "empty folder": "{yacht}//a.png",
    "absolute": "/{yacht}/a.png",
    "no name": "{yacht}/",
    "nothing": "",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_refused(
    api: Api, aboard: Aboard, ashore: UUID, folder: Path, trick: str
) -> None:
    """As an upload, and wherever else a name is taken from the path."""
    del ashore
    before = stored(folder)
    name = TRICKS[trick].format(yacht=aboard.yacht_id, other="x")
    path = f"{PHOTOS}/{name}"
    headers = {"content-type": "image/png"}
    crew = aboard["crew"]
    for method in ("POST", "PUT"):
        answer = api.send(method, f"object/{path}", crew, headers=headers, content=PNG)
        assert refusal(answer) == INVALID_KEY
    for method, route in (
        ("GET", "object/"),
        ("GET", "object/info/"),
        ("GET", "object/authenticated/"),
        ("POST", "object/upload/sign/"),
        ("DELETE", "object/"),
    ):
        assert refusal(api.send(method, route + path, crew)) == INVALID_KEY
    assert stored(folder) == before


@pytest.mark.parametrize("trick", ["../{0}/a.png", "a\0b", "\u00e9", "", "/a", "a//b"])
def test_a_trick_in_a_body_is_refused(api: Api, aboard: Aboard, trick: str) -> None:
    api.upload(aboard["manager"], aboard.name())
    body = {
        "bucketId": PHOTOS,
        "sourceKey": aboard.name(),
        "destinationKey": f"{aboard.yacht_id}/{trick}",
    }
    for call in ("move", "copy"):
        answer = api.send("POST", f"object/{call}", aboard["manager"], json=body)
        assert refusal(answer)[3] in ("InvalidKey", "InvalidRequest")


@pytest.mark.parametrize(
    "name",
    [
        "x.png",
        "not-a-yacht/x.png",
        "a/{yacht}/x.png",
        "{upper}/x.png",
        "{yacht}x/x.png",
        "{yacht}",
    ],
)
def test_a_name_under_no_yacht_is_refused(api: Api, aboard: Aboard, name: str) -> None:
    """The policy says no and does not raise, so it is no fault of ours."""
    name = name.format(yacht=aboard.yacht_id, upper=str(aboard.yacht_id).upper())
    assert refusal(api.upload(aboard["manager"], name)) == DENIED


def test_a_manager_does_not_move_into_another_yacht(
    api: Api, aboard: Aboard, fleet: object
) -> None:
    del fleet
    api.upload(aboard["manager"], aboard.name())
    other = "0197b000-ffff-7000-8000-000000000001/a.png"
    body = {
        "bucketId": PHOTOS,
        "sourceKey": aboard.name(),
        "destinationKey": other,
    }
    for call in ("move", "copy"):
        answer = api.send("POST", f"object/{call}", aboard["manager"], json=body)
        assert refusal(answer) == DENIED
    assert api.client(aboard["crew"]).download(aboard.name()) == PNG


def test_every_character_that_supabase_allows_is_allowed(
    api: Api, aboard: Aboard
) -> None:
    name = aboard.name("a-b_!.*'() &$@=;:+,?.png")
    photos = api.client(aboard["crew"])
    assert api.upload(aboard["crew"], name).json()["Key"] == f"{PHOTOS}/{name}"
    answer = api.send("GET", f"object/{PHOTOS}/{quote(name)}", aboard["crew"])
    assert answer.content == PNG
    url = photos.create_signed_urls([name], 60)[0]["signedURL"]
    assert api.http.get(str(url)).content == PNG
    assert [row["name"] for row in photos.list(str(aboard.yacht_id))] == [
        name.rpartition("/")[2]
    ]


def test_stored_names_are_nobodys_choice(
    api: Api, aboard: Aboard, folder: Path
) -> None:
    api.upload(aboard["crew"], aboard.name())
    version = api.client(aboard["crew"]).info(aboard.name())["version"]
    assert f"tenant/{version[:2]}/{version}" in {
        str(path.relative_to(folder)) for path in folder.rglob("*")
    }
    assert not [path for path in folder.rglob("*") if "impeller" in str(path)]


def test_a_files_own_name_leads_nowhere(api: Api, aboard: Aboard) -> None:
    evil = '../../etc/passwd"\r\nX-Evil: 1'
    answer = api.send(
        "POST",
        f"object/{PHOTOS}/{aboard.name()}",
        aboard["crew"],
        files={"": (evil, PNG, "image/png")},
    )
    assert answer.json()["Key"] == f"{PHOTOS}/{aboard.name()}"
    answer = api.send("GET", f"object/{PHOTOS}/{aboard.name()}", aboard["crew"])
    assert "x-evil" not in answer.headers
