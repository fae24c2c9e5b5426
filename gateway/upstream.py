"""Another HTTP server that answers in the gateway's place, asked over kept connections.

Three stand behind it: a tenant's PostgREST, its storage server, and the version before.
"""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING

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
from gateway.errors import ApiError, commit_unknown
from gateway.messages import BODILESS, ClientGoneError, Response
from gateway.phrases import phrased

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from aiohttp import AddrInfoType, ClientResponse

    from gateway.messages import Headers, Request
    from gateway.storage.messages import StorageRequest

# Seconds.
CONNECT_TIMEOUT = 5
READY_TIMEOUT = 2
# A peer that vanished without a word is noticed within some 15 seconds, as a database
# is; a call may take as long as it takes.
VIGILANCE = {
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 2,
    "TCP_USER_TIMEOUT": 15000,
}
# Bytes of an answer's status line, and of each of its headers: a function may have
# said much in them, and what it did is done.
LINE_MOST = 65536
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
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
# What concerns this connection, and what is said anew to the upstream.
NOT_FORWARDED = HOP_BY_HOP | {b"expect", b"host", b"x-request-id"}
NOT_RETURNED = HOP_BY_HOP | {b"date", b"server"}
# What aiohttp would add of its own.
UNWANTED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class AwayError(ApiError):
    """The server did not answer; `unknown` if it may have had the call."""

    def __init__(self, refusal: ApiError, *, unknown: bool) -> None:
        super().__init__(
            refusal.status, refusal.code, refusal.message, headers=refusal.headers
        )
        self.unknown = unknown


class Upstream:
    """A server to which requests are passed on, and what it answers passed back."""

    def __init__(self, url: str, *, withheld: Iterable[bytes], away: ApiError) -> None:
        """Take what stands before every path, and what is special to this server.

        :param withheld: the (lower-case) headers that are none of its business.
        :param away: what is answered while it does not.
        """
        self._url = url
        self._withheld = NOT_FORWARDED.union(withheld)
        self._away = away
        self._session: ClientSession | None = None
        # When it was last seen to answer or not to, and which of both.
        self._seen = float("-inf")
        self._seen_alive = False

    async def open(self) -> None:
        """Prepare the client; connections are made when they are needed."""
        self._session = ClientSession(
            connector=TCPConnector(limit=0, socket_factory=vigilant_socket),
            timeout=ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            max_line_size=LINE_MOST,
            max_field_size=LINE_MOST,
            skip_auto_headers=UNWANTED,
        )

    async def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None:
            await self._session.close()

    async def answers(self, *, within: float) -> bool:
        """Say whether it answers, by what was seen at most `within` seconds ago."""
        if time.monotonic() - self._seen <= within:
            return self._seen_alive
        if self._session is None:
            return False
        try:
            async with self._session.head(
                self._url + "/",
                # A refusal may have a body all the same: PostgREST 12.
                headers={"connection": "close"},
                timeout=ClientTimeout(total=READY_TIMEOUT),
            ) as answer:
                self._see(alive=answer.status < 500)
        except (ClientError, TimeoutError):
            self._see(alive=False)
        return self._seen_alive

    async def call(
        self,
        request: Request,
        path: str,
        *,
        query: bytes,
        body: bytes,
        headers: Headers | None = None,
        more: Iterable[tuple[str, str]] = (),
    ) -> Response:
        """Pass an RPC call on.

        :param headers: the caller's, where they are not the request's.
        :param more: headers besides those.
        :raises ApiError: 503 while it is away, or when the connection broke and a
            write may have been carried out.
        """
        try:
            return await self.send(
                request, path, query=query, body=body, headers=headers, more=more
            )
        except AwayError as away:
            if away.unknown and request.method == "POST":
                raise commit_unknown(idempotency_key(request)) from None
            raise

    async def send(
        self,
        request: Request | StorageRequest,
        path: str,
        *,
        query: bytes,
        body: bytes | AsyncIterator[bytes] | None,
        headers: Headers | None = None,
        more: Iterable[tuple[str, str]] = (),
    ) -> Response:
        """Pass a request's method and headers on, and stream the answer.

        :param headers: the caller's, where they are not the request's.
        :param more: headers besides those.
        :raises AwayError: there was none.
        :raises ClientGoneError: its body did not come to its end.
        """
        if self._session is None:
            raise AwayError(self._away, unknown=False)
        target = self._url + path
        if query:
            target += "?" + query.decode("latin-1")
        passed = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in (request.headers if headers is None else headers)
            if name not in self._withheld
        ]
        passed.append(("x-request-id", request.request_id))
        passed.extend(more)
        try:
            answer = await self._session.request(
                request.method,
                URL(target, encoded=True),
                headers=passed,
                data=body or None,
                allow_redirects=False,
            )
        except (ClientError, TimeoutError) as error:
            # aiohttp names its own error for what the body's reader raised.
            if isinstance(error.__cause__, ClientGoneError):
                raise error.__cause__ from None
            unknown = not isinstance(error, ClientConnectorError)
            if not unknown:
                self._see(alive=False)
            raise AwayError(self._away, unknown=unknown) from None
        # A function may fail while its server is well.
        if answer.status < 500:
            self._see(alive=True)
        status, returned = phrased(answer.status, answer.reason), _returned(answer)
        content = answer.content
        if not content.is_eof():
            return Response(status, returned, self._stream(answer))
        # Most answers are short and have come as a whole: they leave as one as well,
        # with its length. Not all clients know chunks.
        whole = content.read_nowait()
        if request.method != "HEAD" and status not in BODILESS:
            returned = [pair for pair in returned if pair[0] != b"content-length"]
            returned.append((b"content-length", b"%d" % len(whole)))
        return Response(status, returned, whole)

    async def _stream(self, answer: ClientResponse) -> AsyncIterator[bytes]:
        try:
            async with answer:
                async for chunk in answer.content.iter_any():
                    yield chunk
        except ClientError:
            raise AwayError(self._away, unknown=True) from None

    def _see(self, *, alive: bool) -> None:
        self._seen, self._seen_alive = time.monotonic(), alive


def vigilant_socket(address: AddrInfoType) -> socket.socket:
    """Make the socket of a connection."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in VIGILANCE.items():
        # Not every system has all of them.
        if (option := getattr(socket, name, None)) is not None:
            made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made


def _returned(answer: ClientResponse) -> Headers:
    # No header may hold a control character. PostgREST lets a function send one; here
    # the server would rather close the connection than pass it on.
    return [
        (name.lower(), value)
        for name, value in answer.raw_headers
        if name.lower() not in NOT_RETURNED and not CONTROL.search(value)
    ]
