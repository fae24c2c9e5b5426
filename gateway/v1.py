"""The version before: calls of yachts that are not in yet are forwarded to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import unavailable
from gateway.upstream import Upstream

if TYPE_CHECKING:
    from gateway.messages import Request, Response

AWAY = unavailable("older_version_unavailable", "The version before does not answer")


class V1:
    """Forwards calls as they came: method, path, query, headers and body."""

    def __init__(self, url: str) -> None:
        self._upstream = Upstream(url, withheld=[b"content-length"], away=AWAY)

    async def open(self) -> None:
        """Prepare the client; connections are made when they are needed."""
        await self._upstream.open()

    async def close(self) -> None:
        """Close the kept connections."""
        await self._upstream.close()

    async def call(self, request: Request) -> Response:
        """Forward one call, and stream its answer.

        :raises gateway.errors.ApiError: 503 when v1 is away.
        """
        given = (request.query, request.body, request.headers)
        query, body, headers = request.sent or given
        path = request.path.decode("latin-1")
        return await self._upstream.call(
            request, path, query=query, body=body, headers=headers
        )
