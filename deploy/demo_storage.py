"""The demo's steps with a photo of a part: stored, kept, and removed by a manager."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

from deploy.personas import CREW, HOD, MANAGER, STRANGER, YACHT_ID, Persona
from deploy.tokens import token_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.demo import Walk

BUCKET = "pms-part-photos"
SIDE = 64  # pixels


def walk_through_storage(walk: Walk, part_id: str) -> None:
    """Upload a photo, have its removal refused to who may not, and remove it."""
    name = f"{YACHT_ID}/{part_id}/{walk.run}.png"
    path = f"/object/{BUCKET}/{name}"
    photo = _photo()
    walk.title("A crew member keeps a photo of it")
    _call(
        walk,
        CREW,
        "POST",
        path,
        expect="200",
        says=lambda body: body["Key"],
        content=photo,
        headers={"Content-Type": "image/png"},
    )
    walk.title("The captain of the other yacht does not see it")
    _call(walk, STRANGER, "GET", path, expect="404 NoSuchKey", says=_message)
    walk.title("The chief engineer may not remove it, a manager may")
    _call(walk, HOD, "DELETE", path, expect="403 AccessDenied", says=_message)
    _call(
        walk,
        CREW,
        "GET",
        path.replace("/object/", "/object/info/"),
        expect="200",
        says=lambda body: f"still there, {body['size']} bytes",
    )
    _call(walk, MANAGER, "DELETE", path, expect="200", says=_message)


def _call(
    walk: Walk,
    who: Persona,
    method: str,
    path: str,
    *,
    expect: str,
    says: Callable[[Any], str],
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    role = f"{who.yacht_role}".replace("_", " ")
    shown = f"{path[: path.index(BUCKET)]}{BUCKET}/…{path[-12:]}"
    walk.say(f"{method} /storage/v1{shown}  as {role}")
    response = walk.send(
        method,
        f"/storage/v1{path}",
        headers={
            "Authorization": f"Bearer {token_for(who, walk.secret)}",
            **(headers or {}),
        },
        content=content,
    )
    try:
        body = response.json()
        # Storage's status of a refusal stands in the body.
        refused = f"{body['statusCode']} {body['code']}" if response.is_error else ""
        got = refused or str(response.status_code)
        told = says(body) if got == expect else ""
    except (KeyError, TypeError, ValueError):
        got, told = str(response.status_code), ""
    wrong = f"expected {expect}: {response.text[:300]}"
    walk.verdict(got, told or wrong, right=bool(told))


def _message(body: dict[str, Any]) -> str:
    return str(body["message"])


def _photo() -> bytes:
    """A PNG: a blue square, standing in for a photo."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return (
            struct.pack(">I", len(content))
            + checked
            + struct.pack(">I", zlib.crc32(checked))
        )

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    row = b"\0" + b"\x1d\x4e\x89" * SIDE
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * SIDE))
        + chunk(b"IEND", b"")
    )
