"""The answer to a download: which bytes, and the headers that keep them harmless."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.http import http_date, parse_range_header
from werkzeug.sansio.http import is_resource_modified

from gateway.messages import Response
from gateway.storage.errors import StorageError

if TYPE_CHECKING:
    from gateway.messages import Headers
    from gateway.storage.messages import StorageRequest
    from gateway.storage.rows import Row
    from gateway.storage.store import Store

# What a browser shows without running anything in it; image/svg+xml is not of them.
INLINE = frozenset(
    {
        "application/pdf",
        "image/avif",
        "image/gif",
        "image/heic",
        "image/heif",
        "image/jpeg",
        "image/png",
        "image/webp",
    }
)


async def render(
    request: StorageRequest, row: Row, store: Store, *, expires: int | None
) -> Response:
    """Answer with the object's bytes, those of them that are asked for, or none.

    :param expires: the end of a signed URL, as a Unix time.
    :raises StorageError: 416 for a range beyond the end.
    :raises FileNotFoundError: the bytes are gone.
    """
    name: str = row["version"] or ""
    about: dict[str, Any] = row["metadata"] or {}
    size = await store.size(name)
    headers = _headers(about, row["updated_at"], expires)
    headers += _disposition(about, request.parameter("download"))
    if not _is_modified(request, about, row["updated_at"]):
        return Response(304, headers)
    headers.append((b"content-type", _media_type(about).encode()))
    start, stop = _range(request, about, row["updated_at"], size)
    status = 200
    if (start, stop) != (0, size):
        status = 206
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
    headers.append((b"content-length", b"%d" % (stop - start)))
    if request.method == "HEAD":
        return Response(status, headers)
    return Response(status, headers, await store.read(name, start, stop))


def _media_type(about: dict[str, Any]) -> str:
    media_type: str = about.get("mimetype") or "application/octet-stream"
    return media_type


def _headers(
    about: dict[str, Any], updated_at: datetime, expires: int | None
) -> Headers:
    headers: Headers = [
        (b"accept-ranges", b"bytes"),
        (b"last-modified", http_date(updated_at).encode()),
        # Never taken for anything but what it says it is.
        (b"x-content-type-options", b"nosniff"),
    ]
    if etag := about.get("eTag"):
        headers.append((b"etag", etag.encode()))
    if expires is not None:
        headers.append((b"expires", http_date(expires).encode()))
    else:
        control = about.get("cacheControl") or "no-cache"
        headers.append((b"cache-control", control.encode()))
    return headers


def _disposition(about: dict[str, Any], download: str | None) -> Headers:
    if download:
        # Percent-encoded, so that no name can end the header or the parameter.
        name = quote(download, safe="", errors="replace")
        value = f"attachment; filename={name}; filename*=UTF-8''{name};"
    elif download is not None or _media_type(about) not in INLINE:
        value = "attachment"
    else:
        return []
    return [(b"content-disposition", value.encode())]


def _is_modified(
    request: StorageRequest, about: dict[str, Any], updated_at: datetime
) -> bool:
    return is_resource_modified(
        http_if_modified_since=request.text(b"if-modified-since"),
        http_if_none_match=request.text(b"if-none-match"),
        etag=about.get("eTag"),
        last_modified=updated_at.astimezone(UTC),
    )


def _range(
    request: StorageRequest, about: dict[str, Any], updated_at: datetime, size: int
) -> tuple[int, int]:
    """Return where the answer starts and stops; several ranges are answered whole.

    :raises StorageError: 416.
    """
    try:
        wanted = parse_range_header(request.text(b"range"))
    except ValueError:
        wanted = None
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size
    # A range of what has changed since would not fit what the client holds.
    if request.header(b"if-range") is not None and is_resource_modified(
        http_range=request.text(b"range"),
        http_if_range=request.text(b"if-range"),
        etag=about.get("eTag"),
        last_modified=updated_at.astimezone(UTC),
        ignore_if_range=False,
    ):
        return 0, size
    if 0 < size < -wanted.ranges[0][0]:
        return 0, size
    found = wanted.range_for_length(size)
    if found is None:
        raise StorageError(
            416,
            "InvalidRange",
            "invalid range provided",
            error="invalid_range",
            http=416,
            headers=[(b"content-range", b"bytes */%d" % size)],
        )
    return found
