"""The body of an upload: raw bytes, or a form with a file, read as it arrives."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from gateway.storage.errors import invalid_mime_type, invalid_request, too_large

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.storage.messages import StorageRequest

FIELD_BYTES_MOST = 1024 * 1024
PARTS_MOST = 11
# Of metadata: far from where reading or writing it would fail.
DEPTH_MOST = 100
# What may stand in a header of the download's answer.
MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
CACHE_CONTROL = re.compile(r"[A-Za-z0-9=, \"-]{1,100}")


@dataclass(frozen=True, slots=True)
class Upload:
    """What is uploaded; ``chunks`` is read once, after the right to do so is known.

    ``size`` is what the client declared, in bytes, with the form around it if any.
    """

    media_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None
    size: int | None
    chunks: AsyncIterator[bytes]


async def read_upload(request: StorageRequest) -> Upload:
    """Read as much of the body as stands before the file.

    :raises StorageError: 400 for a form without a file or metadata nested too deeply,
        413 for a field too large, 415 for a media type that no header can carry.
    """
    content_type = request.text(b"content-type") or "application/octet-stream"
    if content_type.lower().startswith("multipart/form-data"):
        return await _read_form(request, content_type)
    return Upload(
        media_type=_media_type(content_type),
        cache_control=_cache_control(request.text(b"cache-control")),
        user_metadata=_metadata(_decoded(request.text(b"x-metadata"))),
        size=_declared(request),
        chunks=request.chunks,
    )


def check_type(media_type: str, types: Sequence[str] | None) -> None:
    """Hold a media type against a bucket's list, in which `image/*` may stand.

    :raises StorageError: 415 InvalidMimeType.
    """
    if types:
        family = media_type.partition("/")[0] + "/*"
        if media_type not in types and family not in types:
            raise invalid_mime_type(media_type)


async def limited(
    chunks: AsyncIterator[bytes], most: int | None
) -> AsyncIterator[bytes]:
    """Pass chunks on.

    :raises StorageError: 413 as soon as there are more than `most` bytes.
    """
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if most is not None and size > most:
            raise too_large()
        yield chunk


class _Form:
    """The events of a form, fed from the body as they are asked for."""

    def __init__(self, request: StorageRequest, boundary: str) -> None:
        self._chunks = request.chunks
        # Between two events the decoder holds a field, or what looks like a boundary.
        self._decoder = MultipartDecoder(
            boundary.encode("latin-1"), 2 * FIELD_BYTES_MOST, max_parts=PARTS_MOST
        )

    async def event(self) -> Event:
        try:
            while isinstance(event := self._decoder.next_event(), NeedData):
                self._decoder.receive_data(await anext(self._chunks, None))
        except RequestEntityTooLarge:
            raise too_large("form") from None
        except ValueError:
            raise invalid_request("The form cannot be read") from None
        return event

    async def field(self) -> str:
        content = bytearray()
        while isinstance(event := await self.event(), Data):
            content += event.data
            if len(content) > FIELD_BYTES_MOST:
                raise too_large("user_metadata")
            if not event.more_data:
                break
        return content.decode(errors="replace")

    async def file(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self.event(), Data):
            if event.data:
                yield event.data
            if not event.more_data:
                return


async def _read_form(request: StorageRequest, content_type: str) -> Upload:
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not 0 < len(boundary) <= 70:
        raise invalid_request("The form has no boundary")
    form = _Form(request, boundary)
    fields: dict[str, str] = {}
    while not isinstance(event := await form.event(), File):
        if isinstance(event, Field):
            fields[event.name] = await form.field()
        elif isinstance(event, Epilogue):
            break
    if not isinstance(event, File):
        raise invalid_request("No content provided")
    seconds = fields.get("cacheControl")
    given = fields.get("contentType") or event.headers.get("content-type")
    return Upload(
        media_type=_media_type(given or "application/octet-stream"),
        cache_control=_cache_control(seconds and f"max-age={seconds}"),
        user_metadata=_metadata(fields.get("metadata") or fields.get("userMetadata")),
        size=_declared(request),
        chunks=form.file(),
    )


def _media_type(given: str) -> str:
    # Without parameters: the bucket's list has none, and no charset is ours to claim.
    media_type = given.partition(";")[0].strip().lower()
    if len(media_type) > 100 or not MEDIA_TYPE.fullmatch(media_type):
        raise invalid_mime_type(media_type)
    return media_type


def _cache_control(given: str | None) -> str:
    return given if given and CACHE_CONTROL.fullmatch(given) else "no-cache"


def _decoded(given: str | None) -> str | None:
    try:
        return given and base64.b64decode(given, validate=True).decode()
    except ValueError:
        return None


def _metadata(given: str | None) -> dict[str, Any] | None:
    # What is no object counts for nothing, as on Supabase.
    try:
        value = json.loads(given or "null")
        deep = _is_deeper(value, than=DEPTH_MOST)
    except ValueError:
        return None
    except RecursionError:
        deep = True
    if deep:
        raise invalid_request("The metadata is nested too deeply")
    return value if isinstance(value, dict) else None


def _is_deeper(value: object, *, than: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return than == 0 or any(_is_deeper(item, than=than - 1) for item in inner)


def _declared(request: StorageRequest) -> int | None:
    given = request.header(b"content-length") or b""
    return int(given[:20]) if given.isdigit() else None
