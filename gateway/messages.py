"""What passes between the application and a route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.storage import Storage
    from gateway.tokens import Identity

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = b"application/json; charset=utf-8"
VARY = b"Accept, Prefer, Range"
BODILESS = frozenset({204, 304})


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
    request_id: str

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of that (lower-case) name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


@dataclass(slots=True)
class Response:
    """An answer; an iterator as body is streamed."""

    status: int
    headers: Headers
    body: bytes | AsyncIterator[bytes] = b""


class Route(Protocol):
    """A way to the functions of one tenant, and to its storage."""

    storage: Storage

    async def open(self) -> None:
        """Acquire what the route needs; a database that is away is no error."""

    async def close(self) -> None:
        """Give everything back."""

    async def ready(self) -> bool:
        """Say whether a call would be answered now."""

    async def call(self, request: Request, identity: Identity) -> Response:
        """Answer one call.

        :raises gateway.errors.ApiError: for what has no answer of its own.
        """
