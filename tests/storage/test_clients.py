"""Supabase's Python client against the gateway's own storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from storage3.exceptions import StorageApiError

from tests.plain import PLAIN

from .conftest import LABELS, PDF, PHOTOS, PNG, stored

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from storage3.types import FileOptions, ListBucketFilesOptions

    from .conftest import Aboard, Api

TYPE: FileOptions = {"content-type": "image/png"}


def test_a_photo_is_uploaded_and_comes_back(api: Api, aboard: Aboard) -> None:
    photos = api.client(aboard["crew"])
    name = aboard.name()
    answer = photos.upload(
        name, PNG, {**TYPE, "cache-control": "60", "metadata": {"part": "F-100"}}
    )
    assert (answer.path, answer.full_path) == (name, f"{PHOTOS}/{name}")
    assert photos.download(name) == PNG
    info = photos.info(name)
    assert (info["name"], info["bucket_id"]) == (name, PHOTOS)
    assert (info["size"], info["content_type"]) == (len(PNG), "image/png")
    assert (info["cache_control"], info["metadata"]) == (
        "max-age=60",
        {"part": "F-100"},
    )
    assert photos.exists(name)
    assert not photos.exists(aboard.name("nothing.png"))


def test_a_file_is_uploaded_from_disk(api: Api, aboard: Aboard, tmp_path: Path) -> None:
    label = tmp_path / "label.pdf"
    label.write_bytes(PDF)
    labels = api.client(aboard["crew"], LABELS)
    labels.upload(aboard.name("a.pdf"), label, {"content-type": "application/pdf"})
    assert labels.download(aboard.name("a.pdf")) == PDF


def test_a_head_of_department_does_not_delete(api: Api, aboard: Aboard) -> None:
    """In bulk the answer is an empty list, as on Supabase; alone it is a refusal."""
    name = aboard.name()
    api.client(aboard["chief_engineer"]).upload(name, PNG, TYPE)
    for role in ("crew", "chief_engineer", "captain"):
        assert api.client(aboard[role]).remove([name]) == []
        answer = api.send("DELETE", f"object/{PHOTOS}/{name}", aboard[role])
        assert answer.status_code == 400
        assert answer.json() == {
            "statusCode": "403",
            "error": "Unauthorized",
            "message": "Access denied",
            "code": "AccessDenied",
        }
    assert api.client(aboard["crew"]).download(name) == PNG


def test_a_manager_deletes(api: Api, aboard: Aboard, folder: Path) -> None:
    name, other = aboard.name(), aboard.name("other.png")
    photos = api.client(aboard["manager"])
    photos.upload(name, PNG, TYPE)
    photos.upload(other, PNG, TYPE)
    version = photos.info(name)["version"]
    assert version in stored(folder)
    gone = photos.remove([name, aboard.name("never.png")])
    assert [(row["name"], row["bucket_id"]) for row in gone] == [(name, PHOTOS)]
    assert version not in stored(folder)
    with pytest.raises(StorageApiError, match="Object not found"):
        photos.download(name)
    answer = api.send("DELETE", f"object/{PHOTOS}/{other}", aboard["manager"])
    assert answer.json() == {"message": "Successfully deleted"}
    assert not photos.exists(other)


@pytest.mark.parametrize("who", ["ashore", "nobody"])
def test_other_yachts_are_out_of_reach(
    api: Api, aboard: Aboard, who: str, request: pytest.FixtureRequest
) -> None:
    stranger: UUID = request.getfixturevalue(who)
    name = aboard.name()
    api.client(aboard["crew"]).upload(name, PNG, TYPE)
    photos = api.client(stranger)
    with pytest.raises(StorageApiError) as refused:
        photos.upload(aboard.name("mine.png"), PNG, TYPE)
    assert (str(refused.value.status), refused.value.code) == ("403", "Unauthorized")
    for call in (photos.download, photos.info):
        with pytest.raises(StorageApiError) as refused:
            call(name)
        assert (str(refused.value.status), refused.value.code) == ("404", "not_found")
    with pytest.raises(StorageApiError):
        photos.create_signed_url(name, 60)
    with pytest.raises(StorageApiError):
        photos.create_signed_upload_url(aboard.name("mine.png"))
    assert photos.create_signed_urls([name], 60)[0]["signedURL"] is None
    with pytest.raises(StorageApiError):
        photos.update(name, b"overwritten", TYPE)
    with pytest.raises(StorageApiError):
        photos.move(name, aboard.name("elsewhere.png"))
    with pytest.raises(StorageApiError):
        photos.copy(name, aboard.name("elsewhere.png"))
    assert photos.remove([name]) == []
    assert photos.list(str(aboard.yacht_id)) == []
    assert api.client(aboard["crew"]).download(name) == PNG


def test_an_object_is_not_written_twice(api: Api, aboard: Aboard) -> None:
    name = aboard.name()
    photos = api.client(aboard["manager"])
    photos.upload(name, PNG, TYPE)
    with pytest.raises(StorageApiError) as refused:
        photos.upload(name, b"second", TYPE)
    assert (str(refused.value.status), refused.value.code) == ("409", "Duplicate")
    assert photos.download(name) == PNG


def test_only_a_manager_overwrites(api: Api, aboard: Aboard, folder: Path) -> None:
    """By update and by upsert; whoever may not can still add what is new."""
    name = aboard.name()
    crew, manager = api.client(aboard["crew"]), api.client(aboard["manager"])
    crew.upload(name, PNG, {**TYPE, "upsert": "true"})
    first = crew.info(name)
    for change in (crew.update, crew.upload):
        with pytest.raises(StorageApiError) as refused:
            change(name, b"changed", {**TYPE, "upsert": "true"})
        assert (str(refused.value.status), refused.value.code) == (
            "403",
            "Unauthorized",
        )
    assert crew.download(name) == PNG
    manager.update(name, b"changed", TYPE)
    assert crew.download(name) == b"changed"
    manager.upload(name, b"again", {**TYPE, "upsert": "true"})
    assert crew.download(name) == b"again"
    last = crew.info(name)
    assert (last["id"], last["version"] == first["version"]) == (first["id"], False)
    assert first["version"] not in stored(folder)
    assert last["version"] in stored(folder)


def test_a_folder_is_listed(api: Api, aboard: Aboard) -> None:
    photos = api.client(aboard["crew"])
    for rest in ("b.png", "a.png", "z/1.png", "z/2.png", "anode.png"):
        photos.upload(aboard.name(rest), PNG, TYPE)
    root = str(aboard.yacht_id)
    found = photos.list(root)
    # Folders first.
    assert [row["name"] for row in found] == ["z", "a.png", "anode.png", "b.png"]
    assert found[0] == dict.fromkeys(found[0]) | {"name": "z"}
    assert found[1].keys() == {
        "name",
        "id",
        "updated_at",
        "created_at",
        "last_accessed_at",
        "metadata",
    }
    assert found[1]["metadata"]["size"] == len(PNG)
    assert [row["name"] for row in photos.list(f"{root}/z")] == ["1.png", "2.png"]
    page: ListBucketFilesOptions = {
        "limit": 1,
        "offset": 1,
        "sortBy": {"column": "name", "order": "desc"},
    }
    assert [row["name"] for row in photos.list(f"{root}/z", page)] == ["1.png"]
    assert {row["name"] for row in photos.list(root, {"search": "A"})} == {
        "anode.png",
        "a.png",
    }
    newest: ListBucketFilesOptions = {
        "sortBy": {"column": "created_at", "order": "desc"}
    }
    assert photos.list(root, newest)[1]["name"] == "anode.png"
    assert photos.list("") == [found[0] | {"name": root}]


def test_a_manager_moves_and_the_bytes_stay(api: Api, aboard: Aboard) -> None:
    name, target = aboard.name(), aboard.name("sorted/impeller.png")
    crew, manager = api.client(aboard["crew"]), api.client(aboard["manager"])
    crew.upload(name, PNG, TYPE)
    version = crew.info(name)["version"]
    with pytest.raises(StorageApiError) as refused:
        crew.move(name, target)
    assert (str(refused.value.status), refused.value.code) == ("403", "Unauthorized")
    assert manager.move(name, target)["message"] == "Successfully moved"
    assert crew.download(target) == PNG
    assert crew.info(target)["version"] == version
    assert not crew.exists(name)
    with pytest.raises(StorageApiError, match="Object not found"):
        manager.move(name, aboard.name("c.png"))


def test_a_copy_is_an_object_of_its_own(api: Api, aboard: Aboard) -> None:
    name, target = aboard.name(), aboard.name("copy.png")
    crew, manager = api.client(aboard["crew"]), api.client(aboard["manager"])
    crew.upload(name, PNG, TYPE)
    assert crew.copy(name, target)["Key"] == f"{PHOTOS}/{target}"
    with pytest.raises(StorageApiError) as refused:
        crew.copy(name, target)
    assert refused.value.code == "Duplicate"
    manager.remove([name])
    assert crew.download(target) == PNG
    with pytest.raises(StorageApiError, match="Object not found"):
        crew.copy(name, aboard.name("c.png"))


def test_another_bucket_takes_only_what_fits(api: Api, aboard: Aboard) -> None:
    name = aboard.name()
    api.client(aboard["manager"]).upload(name, PNG, TYPE)
    for call in ("move", "copy"):
        body = {
            "bucketId": PHOTOS,
            "sourceKey": name,
            "destinationBucket": LABELS,
            "destinationKey": name,
        }
        answer = api.send("POST", f"object/{call}", aboard["manager"], json=body)
        assert answer.json()["code"] == "InvalidMimeType"
        body["destinationBucket"] = "pms-receiving-images"
        answer = api.send("POST", f"object/{call}", aboard["manager"], json=body)
        assert answer.status_code == 200, answer.text
        api.client(aboard["manager"]).upload(name, PNG, {**TYPE, "upsert": "true"})
        api.client(aboard["manager"], "pms-receiving-images").remove([name])


def test_a_signed_url_needs_no_token(api: Api, aboard: Aboard) -> None:
    name = aboard.name("im peller.png")
    photos = api.client(aboard["crew"])
    photos.upload(name, PNG, TYPE)
    url = photos.create_signed_url(name, 60)["signedURL"]
    answer = httpx.get(str(url), trust_env=False, verify=PLAIN)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert "expires" in answer.headers
    url = photos.create_signed_url(name, 60, {"download": "pump.png"})["signedURL"]
    answer = httpx.get(str(url), trust_env=False, verify=PLAIN)
    assert "filename=pump.png;" in answer.headers["content-disposition"]
    signed = photos.create_signed_urls([name, aboard.name("no.png")], 60)
    assert [entry["error"] for entry in signed] == [
        None,
        "Either the object does not exist or you do not have access to it",
    ]
    assert (
        httpx.get(str(signed[0]["signedURL"]), trust_env=False, verify=PLAIN).content
        == PNG
    )


def test_a_signed_upload_writes_in_the_signers_name(api: Api, aboard: Aboard) -> None:
    name = aboard.name("signed.png")
    photos = api.client(aboard["crew"])
    signed = photos.create_signed_upload_url(name)
    # As nobody: the token alone says who.
    path = f"object/upload/sign/{PHOTOS}/{name}?token={signed['token']}"
    headers = {"content-type": "image/png"}
    answer = api.send("PUT", path, headers=headers, content=PNG)
    assert answer.json()["Key"] == f"{PHOTOS}/{name}"
    assert photos.download(name) == PNG
    answer = api.send("PUT", path, headers=headers, content=b"again")
    assert answer.json()["error"] == "Duplicate"
    signed = photos.create_signed_upload_url(aboard.name("second.png"))
    photos.upload_to_signed_url(aboard.name("second.png"), signed["token"], PNG, TYPE)
    assert photos.download(aboard.name("second.png")) == PNG
