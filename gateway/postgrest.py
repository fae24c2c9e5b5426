"""The PostgREST route: calls are forwarded to a PostgREST server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.errors import unavailable
from gateway.tokens import ANONYMOUS
from gateway.upstream import Upstream

if TYPE_CHECKING:
    from gateway.messages import Pool, Request, Response
    from gateway.signer import Signer
    from gateway.storage import Storage
    from gateway.tokens import Identity

# It would hand apikey and cookie on to SQL. Which pages may read an answer is said by
# the gateway. Who calls is what the gateway took them for, whatever the header says.
WITHHELD = (b"apikey", b"authorization", b"content-length", b"cookie", b"origin")
AWAY = unavailable("PGRST000", "Database connection error. Retrying the connection.")


class PostgrestRoute:
    """Answer calls from a PostgREST server, over connections that are kept."""

    def __init__(
        self, url: str, storage: Storage, signer: Signer | None = None
    ) -> None:
        """Take the server's URL, and what signs tokens if it has another secret."""
        self.storage = storage
        self._signer = signer
        self._upstream = Upstream(url, withheld=WITHHELD, away=AWAY)

    async def open(self) -> None:
        """Prepare the client; connections are made when they are needed."""
        await self._upstream.open()
        await self.storage.open()

    async def close(self) -> None:
        """Close the kept connections."""
        await self.storage.close()
        await self._upstream.close()

    def pool(self) -> Pool | None:
        """Connections to the upstream are not limited."""
        return None

    async def ready(self, *, within: float = 0) -> bool:
        """Say whether the upstream answers and has its schema cache."""
        return await self._upstream.answers(within=within)

    async def call(self, request: Request, identity: Identity) -> Response:
        """Forward one call, and stream its answer.

        :raises ApiError: 503 when the upstream is away.
        """
        more = []
        if identity is not ANONYMOUS:
            more.append(("authorization", self._authorization(request, identity)))
        if request.method == "HEAD":
            # PostgREST 12 sends a body with its refusal, and what would come next on
            # this connection would begin with it.
            more.append(("connection", "close"))
        return await self._upstream.call(
            request,
            f"/rpc/{quote(request.function, safe='')}",
            query=request.query,
            body=request.body,
            more=more,
        )

    def _authorization(self, request: Request, identity: Identity) -> str:
        if self._signer is not None:
            return self._signer.authorization(identity)
        return (request.header(b"authorization") or b"").decode("latin-1")
