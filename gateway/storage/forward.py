"""Storage of a Supabase project: calls are forwarded to its storage server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from gateway.errors import unavailable
from gateway.storage.errors import invalid_key
from gateway.upstream import Upstream

if TYPE_CHECKING:
    from gateway.messages import Response
    from gateway.storage.messages import StorageRequest
    from gateway.storage.signing import Grant
    from gateway.tokens import Identity

# Unlike PostgREST it wants the apikey. What is sent has the length that was declared.
WITHHELD = (b"cookie", b"origin")
AWAY = unavailable("ServiceUnavailable", "The storage server is away")


class StorageUpstream:
    """Answer calls from a storage server, over connections that are kept."""

    def __init__(self, url: str) -> None:
        """Forward to a server.

        :param url: what stands before `/object/…` there, such as
            `https://project.supabase.co/storage/v1`.
        """
        self._upstream = Upstream(url, withheld=WITHHELD, away=AWAY)

    async def open(self) -> None:
        """Prepare the client; connections are made when they are needed."""
        await self._upstream.open()

    async def close(self) -> None:
        """Close the kept connections."""
        await self._upstream.close()

    async def respond(
        self,
        request: StorageRequest,
        identity: Identity,
        grant: Grant | None,
    ) -> Response:
        """Forward one call as it arrives, and stream its answer.

        :raises StorageError: 400 for a path with dot segments, which clients and
            proxies resolve: it could leave what stands before it.
        :raises gateway.errors.ApiError: 503 when the server is away.
        """
        if not {".", ".."}.isdisjoint(unquote(request.path).split("/")):
            raise invalid_key(request.path)
        del identity, grant  # it verifies token and signed URL itself
        return await self._upstream.send(
            request,
            f"/{request.path}",
            query=request.query,
            body=request.chunks if _has_body(request) else None,
        )


def _has_body(request: StorageRequest) -> bool:
    length = request.header(b"content-length")
    chunked = request.header(b"transfer-encoding") is not None
    return chunked or length not in (None, b"0")
