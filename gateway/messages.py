"""What passes between the application and a route."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.storage import Storage
    from gateway.tokens import Identity
    from gateway.windows import Windows

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = b"application/json; charset=utf-8"
VARIES = (b"vary", b"Accept, Prefer, Range")
REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
UNSTORED = (b"cache-control", b"no-store")
# No set: a status with a phrase equals its number, and is none of its hash.
BODILESS = (204, 304)


class ClientGoneError(Exception):
    """The client left before its request was complete: nobody waits for an answer."""


@dataclass(slots=True)
class Request:
    """One RPC call, its method and path checked and its body read whole."""

    method: str
    function: str
    query: bytes
    headers: Headers
    body: bytes
    # Whether it concerns a tenant, and not the gateway itself.
    is_call: bool = field(default=False, init=False)
    # As the client wrote it; empty in a call of the gateway's own.
    path: bytes = b""
    # Query, body and headers as the client sent them, where an alias has changed them.
    sent: tuple[bytes, bytes, Headers] | None = field(default=None, init=False)
    # False once v1 has to answer it.
    is_ours: bool = field(default=True, init=False)
    # Where it is counted for the canary, once its tenant is known.
    windows: Windows | None = field(default=None, init=False, repr=False)
    # The caller's if it is fit for a log, else a new one.
    request_id: str = field(init=False)
    _first: dict[bytes, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the first header of each name quick to find."""
        self._first = dict(reversed(self.headers))
        given = self._first.get(b"x-request-id")
        self.request_id = (
            given.decode()
            if given is not None and REQUEST_ID.fullmatch(given)
            else secrets.token_hex(8)
        )

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of that (lower-case) name."""
        return self._first.get(name)

    def all_headers(self, name: bytes) -> list[bytes]:
        """Return the values of all headers of that (lower-case) name."""
        if name not in self._first:
            return []
        return [value for key, value in self.headers if key == name]

    def replace_header(self, name: bytes, value: bytes) -> None:
        """Give the (lower-case) name this value alone; the list of before stays."""
        others = [pair for pair in self.headers if pair[0] != name]
        self.headers = [*others, (name, value)]
        self._first[name] = value

    def profile(self) -> bytes | None:
        """Return the schema that the client names, if it does."""
        writes = self.method in ("POST", "PUT", "PATCH", "DELETE")
        return self._first.get(b"content-profile" if writes else b"accept-profile")


@dataclass(slots=True)
class Response:
    """An answer; an iterator as body is streamed."""

    status: int
    headers: Headers
    body: bytes | AsyncIterator[bytes] = b""


def whole(
    status: int, body: bytes, *more: tuple[bytes, bytes], kind: bytes = JSON_TYPE
) -> Response:
    """Frame a body that is complete by its type, its length, and more headers."""
    headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        *more,
    ]
    return Response(status, headers, body)


@dataclass(frozen=True, slots=True)
class Pool:
    """A route's connections: how many, how many idle, how many calls wait for one."""

    size: int
    available: int
    waiting: int


class Route(Protocol):
    """A way to the functions of one tenant, and to its storage."""

    storage: Storage

    def pool(self) -> Pool | None:
        """Tell of its connections; None where they are not limited."""

    async def open(self) -> None:
        """Acquire what the route needs; a database that is away is no error."""

    async def close(self) -> None:
        """Give everything back."""

    async def ready(self, *, within: float = 0) -> bool:
        """Say whether a call would be answered now.

        :param within: seconds for which what was seen of an upstream still counts.
        """

    async def call(self, request: Request, identity: Identity) -> Response:
        """Answer one call.

        :raises gateway.errors.ApiError: for what has no answer of its own.
        """
