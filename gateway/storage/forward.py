"""Storage of a Supabase project: calls are forwarded to its storage server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import ClientError
from yarl import URL

from gateway.storage.errors import unavailable
from gateway.upstream import HOP_BY_HOP, new_session, streamed

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from gateway.messages import Response
    from gateway.storage.messages import StorageRequest
    from gateway.storage.signing import Grant
    from gateway.tokens import Identity

# Unlike PostgREST it wants the apikey. What is sent has the length that was declared.
NOT_FORWARDED = HOP_BY_HOP | {b"cookie", b"expect", b"host", b"origin"}


class StorageUpstream:
    """Answer calls from a storage server, over connections that are kept."""

    def __init__(self, url: str) -> None:
        """Forward to a server.

        :param url: what stands before `/object/…` there, such as
            `https://project.supabase.co/storage/v1`.
        """
        self._url = url
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Prepare the client; connections are made when they are needed."""
        self._session = new_session()

    async def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None:
            await self._session.close()

    async def respond(
        self,
        request: StorageRequest,
        identity: Identity,
        grant: Grant | None,
    ) -> Response:
        """Forward one call as it arrives, and stream its answer.

        :raises StorageError: 503 when the server is away.
        """
        del identity, grant  # it verifies token and signed URL itself
        if self._session is None:
            raise unavailable("The storage server is away")
        target = f"{self._url}/{request.path}"
        if request.query:
            target += "?" + request.query.decode("latin-1")
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers
            if name not in NOT_FORWARDED
        ]
        headers.append(("x-request-id", request.request_id))
        try:
            answer = await self._session.request(
                request.method,
                URL(target, encoded=True),
                headers=headers,
                data=request.chunks if _has_body(request) else None,
                allow_redirects=False,
            )
        except (ClientError, TimeoutError):
            raise unavailable("The storage server is away") from None
        return streamed(answer)


def _has_body(request: StorageRequest) -> bool:
    length = request.header(b"content-length")
    chunked = request.header(b"transfer-encoding") is not None
    return chunked or length not in (None, b"0")
