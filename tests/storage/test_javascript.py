"""Supabase's JavaScript client against the gateway's own storage."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from deploy.postgrest import MODULES

from .conftest import PHOTOS

if TYPE_CHECKING:
    from .conftest import Aboard, Api

PHOTO = [137, 80, 78, 71, 13, 10, 26, 10]
SCRIPT = MODULES.parent / "storage.mjs"


def test_supabase_js_works_unchanged(api: Api, aboard: Aboard) -> None:
    if shutil.which("node") is None or not (MODULES / "@supabase").exists():
        pytest.skip("there is no Node.js")
    people = [api.token(aboard[role]) for role in ("crew", "manager")]
    key, folder = api.token(None, role="anon"), str(aboard.yacht_id)
    done = subprocess.run(
        ["node", str(SCRIPT), api.url, key, *people, folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        step = json.loads(line)
        said[step["step"]] = step

    def data(step: str) -> Any:
        assert said[step]["error"] is None, said[step]
        return said[step]["data"]

    assert data("upload blob")["fullPath"] == f"{PHOTOS}/{folder}/a b.png"
    assert data("upload bytes")["path"] == f"{folder}/c.png"
    assert said["upload again"]["error"] == {
        "message": "The resource already exists",
        "status": 400,
        "statusCode": "409",
    }
    assert data("download") == PHOTO
    assert data("info")["metadata"] == {"part": "F-100"}
    assert (data("info")["size"], data("info")["contentType"]) == (8, "image/png")
    assert data("exists") is True
    assert [row["name"] for row in data("list")] == ["a b.png", "c.png"]
    assert said["crew updates"]["error"]["statusCode"] == "403"
    assert data("crew removes") == []
    assert data("signed url") == PHOTO
    assert data("signed upload")["path"] == f"{folder}/d.png"
    assert data("manager moves")["message"] == "Successfully moved"
    assert data("manager copies")["path"] == f"{PHOTOS}/{folder}/c.png"
    assert data("manager updates")["path"] == f"{folder}/a b.png"
    assert data("changed") == [1]
    assert len(data("manager removes")) == 2
    assert said["gone"]["error"] is not None
