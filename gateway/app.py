"""The ASGI application: from an HTTP request to a route, and back."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import TYPE_CHECKING, Any

from gateway.database import Database
from gateway.direct import DirectRoute
from gateway.errors import RETRY_AFTER, ApiError
from gateway.messages import JSON_TYPE, ClientGoneError, Request, Response
from gateway.storage import storage_of
from gateway.storage.front import PREFIX as STORAGE_PREFIX
from gateway.storage.front import StorageFront
from gateway.storage.messages import StorageRequest
from gateway.tenants import Tenants
from gateway.tokens import Tokens
from gateway.upstream import PostgrestRoute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from gateway.messages import Route
    from gateway.settings import Settings

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

logger = logging.getLogger("gateway")

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
SUPABASE_PREFIX = "/rest/v1"
RPC_PREFIX = "/rpc/"
REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


def application(settings: Settings) -> Gateway:
    """Build the gateway that the settings describe."""
    tenants = Tenants(_route(settings))
    tokens = Tokens(settings.jwt_secret, audience=settings.jwt_audience)
    storage = StorageFront(tenants, tokens, settings)
    return Gateway(tenants, tokens, storage, body_limit=settings.body_limit)


def _route(settings: Settings) -> Route:
    if settings.route == "postgrest":
        return PostgrestRoute(settings.postgrest_url, storage_of(settings, None))
    database = Database(settings)
    return DirectRoute(database, storage_of(settings, database))


class Gateway:
    """Serve RPC calls, storage, `/live` and `/ready`."""

    def __init__(
        self,
        tenants: Tenants,
        tokens: Tokens,
        storage: StorageFront,
        *,
        body_limit: int,
    ) -> None:
        self._tenants = tenants
        self._tokens = tokens
        self._storage = storage
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._tenants.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._tenants.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = _request_id(scope)
        try:
            response = await self._respond(scope, receive, request_id)
        except ApiError as error:
            response = error.response()
            if error.status >= 500:
                _log(logging.ERROR, "failed", scope, request_id, code=error.code)
        except ClientGoneError:
            return
        except Exception:
            logger.exception("bug", extra={"fields": {"request_id": request_id}})
            response = ApiError(500, "PGRSTX00", "Internal error").response()
        response.headers.append((b"x-request-id", request_id.encode()))
        await _send(scope, send, response)
        if logger.isEnabledFor(logging.DEBUG):
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            _log(
                logging.DEBUG,
                "answered",
                scope,
                request_id,
                status=response.status,
                milliseconds=milliseconds,
            )

    async def _respond(
        self, scope: Scope, receive: Receive, request_id: str
    ) -> Response:
        path: str = scope["path"]
        if path == "/live":
            return _health(healthy=True)
        if path == "/ready":
            return _health(healthy=await self._tenants.ready())
        if path.startswith(STORAGE_PREFIX):
            return await self._storage.respond(
                StorageRequest(
                    method=scope["method"],
                    # Names are split before they are decoded.
                    path=scope["raw_path"].decode("latin-1")[len(STORAGE_PREFIX) :],
                    query=scope["query_string"],
                    headers=scope["headers"],
                    chunks=_chunks(receive),
                    request_id=request_id,
                    body_limit=self._body_limit,
                )
            )
        request = Request(
            method=scope["method"],
            function="",
            query=scope["query_string"],
            headers=scope["headers"],
            body=b"",
            request_id=request_id,
        )
        identity = self._tokens.identify(request.header(b"authorization"))
        route = await self._tenants.resolve(identity)
        request.function = _function(path)
        if request.method not in METHODS:
            raise ApiError(
                405, "PGRST101", f"Cannot use the {request.method} method on RPC"
            )
        request.body = await self._read(request, receive)
        return await route.call(request, identity)

    async def _read(self, request: Request, receive: Receive) -> bytes:
        """Read the whole body.

        :raises ApiError: 413 as soon as it is known to be too large.
        """
        declared = request.header(b"content-length") or b""
        if declared.isdigit() and int(declared[:20]) > self._body_limit:
            raise self._too_large()
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            chunks, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > self._body_limit:
                    raise self._too_large()
            body = b"".join(chunks)
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        return body

    def _too_large(self) -> ApiError:
        return ApiError(
            413,
            "body_too_large",
            "The request body is too large",
            details=f"The limit is {self._body_limit} bytes",
        )


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body as it arrives.

    :raises ClientGoneError: it ends before its end.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        if body := message.get("body", b""):
            yield body
        more = message.get("more_body", False)


async def _send(scope: Scope, send: Send, response: Response) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": response.headers,
        }
    )
    body = response.body
    if isinstance(body, bytes):
        if scope["method"] == "HEAD":
            body = b""
        await send({"type": "http.response.body", "body": body})
        return
    async for chunk in body:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _function(path: str) -> str:
    """Return the function that a path names.

    :raises ApiError: 404 for everything that is not an RPC.
    """
    if path.startswith(SUPABASE_PREFIX + "/"):
        path = path[len(SUPABASE_PREFIX) :]
    name = path[len(RPC_PREFIX) :]
    if path.startswith(RPC_PREFIX) and "/" not in name:
        return name
    segments = path.strip("/").split("/")
    if segments == [""]:
        raise ApiError(404, "PGRST126", "Root endpoint metadata is disabled")
    if len(segments) == 1:
        raise ApiError(
            404,
            "PGRST205",
            f"Could not find the table 'public.{segments[0]}' in the schema cache",
        )
    raise ApiError(404, "PGRST125", "Invalid path specified in request URL")


def _health(*, healthy: bool) -> Response:
    body = b'{"healthy":true}' if healthy else b'{"healthy":false}'
    headers = [
        (b"content-type", JSON_TYPE),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    if not healthy:
        headers.append(RETRY_AFTER)
    return Response(200 if healthy else 503, headers, body)


def _request_id(scope: Scope) -> str:
    """Return the caller's request id if it is fit for a log, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return secrets.token_hex(8)


def _log(
    level: int, message: str, scope: Scope, request_id: str, **more: object
) -> None:
    fields = {
        "method": scope["method"],
        "path": scope["path"],
        "request_id": request_id,
        **more,
    }
    logger.log(level, message, extra={"fields": fields})
