"""The PostgREST route: calls are forwarded to an HTTP upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from gateway.arguments import idempotency_key
from gateway.errors import ApiError, commit_unknown, unavailable
from gateway.messages import Response
from gateway.phrases import phrased
from gateway.tokens import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse

    from gateway.messages import Headers, Pool, Request
    from gateway.signer import Signer
    from gateway.storage import Storage
    from gateway.tokens import Identity

CONNECT_TIMEOUT = 5
READY_TIMEOUT = 2
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# PostgREST would hand apikey and cookie on to SQL. Which pages may read an answer is
# said by the gateway.
NOT_FORWARDED = HOP_BY_HOP | {
    b"apikey",
    b"content-length",
    b"cookie",
    b"host",
    b"origin",
}
NOT_RETURNED = HOP_BY_HOP | {b"date", b"server"}
# What aiohttp would add of its own.
UNWANTED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class PostgrestRoute:
    """Answer calls from a PostgREST server, over connections that are kept."""

    def __init__(
        self, url: str, storage: Storage, signer: Signer | None = None
    ) -> None:
        """Take the server's URL, and what signs tokens if it has another secret."""
        self.storage = storage
        self._url = url
        self._signer = signer
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Prepare the client; connections are made when they are needed."""
        self._session = new_session()
        await self.storage.open()

    async def close(self) -> None:
        """Close the kept connections."""
        await self.storage.close()
        if self._session is not None:
            await self._session.close()

    def pool(self) -> Pool | None:
        """Connections to the upstream are not limited."""
        return None

    async def ready(self) -> bool:
        """Say whether the upstream answers and has its schema cache."""
        try:
            async with self._opened.head(
                self._url + "/", timeout=ClientTimeout(total=READY_TIMEOUT)
            ) as answer:
                return answer.status < 500
        except (ClientError, TimeoutError):
            return False

    async def call(self, request: Request, identity: Identity) -> Response:
        """Forward one call, and stream its answer.

        :raises ApiError: 503 when the upstream is away.
        """
        target = f"{self._url}/rpc/{quote(request.function, safe='')}"
        if request.query:
            target += "?" + request.query.decode("latin-1")
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers
            if name not in NOT_FORWARDED
        ]
        headers.append(("x-request-id", request.request_id))
        if self._signer is not None:
            headers = [pair for pair in headers if pair[0] != "authorization"]
            if identity is not ANONYMOUS:
                headers.append(("authorization", self._signer.authorization(identity)))
        if request.method == "HEAD":
            # PostgREST 12 sends a body with its refusal, and what would come next on
            # this connection would begin with it.
            headers.append(("connection", "close"))
        return await forward(
            self._opened,
            request,
            target=target,
            headers=headers,
            body=request.body,
            away=_away(),
        )

    @property
    def _opened(self) -> ClientSession:
        if self._session is None:
            raise _away()
        return self._session


def new_session() -> ClientSession:
    """Open a client that keeps connections and passes on what it is given."""
    return ClientSession(
        connector=TCPConnector(limit=0),
        timeout=ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=UNWANTED,
    )


async def forward(
    session: ClientSession,
    request: Request,
    *,
    target: str,
    headers: list[tuple[str, str]],
    body: bytes,
    away: ApiError,
) -> Response:
    """Send a request's method to another server, and stream its answer.

    :raises ApiError: `away`; or that a POST may have been carried out.
    """
    try:
        answer = await session.request(
            request.method,
            URL(target, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
        )
    except ClientConnectorError:
        raise away from None
    except (ClientError, TimeoutError):
        if request.method == "POST":
            raise commit_unknown(idempotency_key(request)) from None
        raise away from None
    return streamed(answer)


def streamed(answer: ClientResponse) -> Response:
    """Pass an upstream's answer on as it arrives."""
    kept: Headers = [
        (name.lower(), value)
        for name, value in answer.raw_headers
        if name.lower() not in NOT_RETURNED
    ]
    return Response(phrased(answer.status, answer.reason), kept, _stream(answer))


async def _stream(answer: ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for chunk in answer.content.iter_any():
            yield chunk


def _away() -> ApiError:
    return unavailable(
        "PGRST000", "Database connection error. Retrying the connection."
    )
