"""What a storage call says: its names, its arguments, its body."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from gateway.messages import UNSTORED, Response, whole
from gateway.storage.errors import invalid_key, invalid_request, too_large

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.messages import Headers

# Supabase's rule, and what S3 allows.
NAME = re.compile(r"[A-Za-z0-9_/!.*'() &$@=;:+,?-]+")
NAME_BYTES_MOST = 1024
# Numbers in JSON bodies: a century, and more than a list has rows.
NUMBER_MOST = 100 * 365 * 24 * 3600


@dataclass(slots=True)
class StorageRequest:
    """One storage call.

    ``path`` is what follows ``/storage/v1/``, still percent-encoded; ``chunks`` is the
    body, which can be read once.
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    chunks: AsyncIterator[bytes]
    request_id: str
    body_limit: int

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of that (lower-case) name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def text(self, name: bytes) -> str | None:
        """Return that header as text."""
        value = self.header(name)
        return None if value is None else value.decode("latin-1")

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the query string, None if it is absent.

        :raises StorageError: 400 for text that is not UTF-8.
        """
        try:
            pairs = parse_qsl(
                self.query.decode("ascii"), keep_blank_values=True, errors="strict"
            )
        except ValueError:
            raise invalid_request("The query string cannot be read") from None
        return dict(reversed(pairs)).get(name)

    async def json(self) -> dict[str, Any]:
        """Read the body as a JSON object.

        :raises StorageError: 400 unless it is one; 413 as soon as it is too large.
        """
        chunks, size = [], 0
        async for chunk in self.chunks:
            size += len(chunk)
            if size > self.body_limit:
                raise too_large("request body")
            chunks.append(chunk)
        try:
            value = json.loads(b"".join(chunks))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise invalid_request("body must be object")
        return value


def segments(path: str) -> list[str]:
    """Split a path at its slashes and decode each part.

    :raises StorageError: 400 for parts that are not UTF-8.
    """
    try:
        return [unquote(part, errors="strict") for part in path.split("/")]
    except UnicodeDecodeError:
        raise invalid_key(path) from None


def checked_name(name: object) -> str:
    """Return an object's name if it can be one.

    Dot segments are refused because clients and proxies resolve them, and empty ones
    because no listing could show them: the policies read the first folder.

    :raises StorageError: 400 InvalidKey.
    """
    if not isinstance(name, str):
        raise invalid_key("")
    good = NAME.fullmatch(name) and len(name) <= NAME_BYTES_MOST
    if not good or not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise invalid_key(name)
    return name


def string(body: dict[str, Any], key: str, default: str | None = None) -> str:
    """Return a text of a JSON body.

    :raises StorageError: 400 unless it is one that PostgreSQL can hold.
    """
    value = body.get(key, default)
    if value is None:
        raise invalid_request(f"body must have required property '{key}'")
    if not isinstance(value, str) or "\0" in value:
        raise invalid_request(f"body/{key} must be string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid_request(f"body/{key} must be string") from None
    return value


def strings(body: dict[str, Any], key: str, *, most: int) -> list[str]:
    """Return a list of 1 to `most` texts of a JSON body.

    :raises StorageError: 400 for anything else.
    """
    value = body.get(key)
    if value is None:
        raise invalid_request(f"body must have required property '{key}'")
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise invalid_request(f"body/{key} must have 1 to {most} items")
    return [string({key: item}, key) for item in value]


def number(
    body: dict[str, Any], key: str, default: int | None = None, *, least: int = 0
) -> int:
    """Return a whole number of a JSON body; the Python client sends it as text.

    :raises StorageError: 400 for anything else.
    """
    value = body.get(key, default)
    if value is None:
        raise invalid_request(f"body must have required property '{key}'")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if type(value) is not int or not least <= value <= NUMBER_MOST:
        raise invalid_request(f"body/{key} must be integer")
    return value


def answer(value: object) -> Response:
    """Build a success with a JSON body."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return whole(200, body, UNSTORED)
