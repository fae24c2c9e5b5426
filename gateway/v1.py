"""The version before: calls of yachts that are not in yet are forwarded to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import unavailable
from gateway.upstream import (
    HOP_BY_HOP,
    forward,
    new_session,
)

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from gateway.messages import Request, Response

NOT_FORWARDED = HOP_BY_HOP | {b"content-length", b"host"}


class V1:
    """Forwards calls as they came: method, path, query, headers and body."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Prepare the client; connections are made when they are needed."""
        self._session = new_session()

    async def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None:
            await self._session.close()

    async def call(self, request: Request) -> Response:
        """Forward one call, and stream its answer.

        :raises gateway.errors.ApiError: 503 when v1 is away.
        """
        away = unavailable(
            "older_version_unavailable", "The version before does not answer"
        )
        if self._session is None:
            raise away
        query, body = request.sent or (request.query, request.body)
        target = self._url + request.path.decode("latin-1")
        if query:
            target += "?" + query.decode("latin-1")
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers
            if name not in NOT_FORWARDED | {b"x-request-id"}
        ]
        headers.append(("x-request-id", request.request_id))
        return await forward(
            self._session, request, target=target, headers=headers, body=body, away=away
        )
