"""The ASGI application: from an HTTP request to a route, and back."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any

from gateway import aliases, metrics
from gateway.canary import watch
from gateway.errors import RETRY_AFTER, ApiError, no_such_path
from gateway.messages import UNSTORED, ClientGoneError, Request, Response, whole
from gateway.observation import observe
from gateway.statements import SCHEMA
from gateway.storage.front import PREFIX as STORAGE_PREFIX
from gateway.storage.messages import StorageRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from gateway.cors import Cors
    from gateway.messages import Route
    from gateway.pages import Pages
    from gateway.storage.front import StorageFront
    from gateway.tenants import Readiness, Tenants
    from gateway.tokens import Identity, Tokens

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

logger = logging.getLogger("gateway")

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
# Seconds that a start waits for databases, which may be away for longer.
SETTLING = 5.0
SUPABASE_PREFIX = "/rest/v1"
RPC_PREFIX = "/rpc/"


class Gateway:
    """Serve RPC calls, the older API's aliases of them, storage, and descriptions."""

    def __init__(
        self,
        tenants: Tenants,
        tokens: Tokens,
        storage: StorageFront,
        *,
        cors: Cors,
        pages: Pages,
        body_limit: int,
    ) -> None:
        self._tenants = tenants
        self._tokens = tokens
        self._storage = storage
        self._cors = cors
        self._pages = pages
        self._body_limit = body_limit
        self._sampler = metrics.Sampler(tenants, tokens)

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
        await self._tokens.open()
        await self._tenants.open()
        await self._settle()
        self._sampler.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._sampler.stop()
        await self._tenants.close()
        await self._tokens.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _settle(self) -> None:
        """Wait a little for the databases: connections queue up where nobody serves.

        A worker that served at once would answer 503 to what another could answer.
        """
        deadline = time.monotonic() + SETTLING
        while time.monotonic() < deadline:
            if self._tokens.ready and (await self._tenants.ready()).healthy:
                return
            await asyncio.sleep(0.02)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = Request(
            method=scope["method"],
            function="",
            query=scope["query_string"],
            headers=scope["headers"],
            body=b"",
            path=scope["raw_path"],
        )
        status, first = None, b""
        try:
            response = await self._answer(scope, receive, request)
            first = await _send(scope, send, response)
            status = response.status
        except ClientGoneError:
            return
        finally:
            seconds = time.perf_counter() - started
            if request.is_call:
                observe(request, status, seconds, first)
            if logger.isEnabledFor(logging.DEBUG):
                _log(
                    logging.DEBUG,
                    "answered",
                    scope,
                    request.request_id,
                    status=status,
                    milliseconds=round(seconds * 1000, 2),
                )

    async def _answer(
        self, scope: Scope, receive: Receive, request: Request
    ) -> Response:
        """Answer a request, whatever happens.

        :raises ClientGoneError: there is nobody to answer.
        """
        request_id = request.request_id
        try:
            response = await self._respond(scope, receive, request)
        except ApiError as error:
            response = error.response()
            if error.status >= 500:
                _log(logging.ERROR, "failed", scope, request_id, code=error.code)
        except ClientGoneError:
            raise
        except Exception:
            logger.exception("bug", extra={"fields": {"request_id": request_id}})
            response = ApiError(500, "PGRSTX00", "Internal error").response()
        response.headers.append((b"x-request-id", request_id.encode()))
        origin = request.header(b"origin")
        if origin is not None and request.method != "OPTIONS":
            response.headers += self._cors.headers(origin)
        return response

    async def _respond(
        self, scope: Scope, receive: Receive, request: Request
    ) -> Response:
        path: str = scope["path"]
        if not path.startswith(RPC_PREFIX) and (own := await self._own(request, path)):
            return own
        request.is_call = True
        if request.method == "OPTIONS" and (preflight := self._preflight(request)):
            return preflight
        if scope["raw_path"].startswith(STORAGE_PREFIX):
            return await self._store(scope, receive, request)
        identity = await self._identify(request)
        route = await self._tenants.resolve(identity)
        # Whoever shows no token must not move the canary.
        if not identity.anonymous:
            watch(request, route)
        if path in aliases.ALIASES:
            return await self._alias(request, path, receive, route, identity)
        request.function = _function(path)
        _check_profile(request)
        if request.method not in METHODS:
            raise ApiError(
                405, "PGRST101", f"Cannot use the {request.method} method on RPC"
            )
        request.body = await self._read(request, receive)
        return await route.call(request, identity)

    async def _identify(self, request: Request) -> Identity:
        authorization = request.header(b"authorization")
        if (identity := self._tokens.recall(authorization)) is not None:
            metrics.JWT_HITS.inc()
            return identity
        metrics.JWT_MISSES.inc()
        return await self._tokens.identify(authorization)

    async def _own(self, request: Request, path: str) -> Response | None:
        """Answer what concerns the gateway and no tenant; None for anything else."""
        if path == "/live":
            return _health(healthy=True)
        if path in ("/ready", aliases.HEALTH):
            if not self._tokens.ready:
                return _health(healthy=False)
            return _readiness(await self._tenants.ready())
        if path == "/metrics":
            return await asyncio.to_thread(metrics.response)
        if self._pages.has(path) and request.method != "OPTIONS":
            return await self._pages.answer(request.method, path)
        return None

    async def _store(
        self, scope: Scope, receive: Receive, request: Request
    ) -> Response:
        # Names are split before they are decoded.
        path = scope["raw_path"][len(STORAGE_PREFIX) :].decode("latin-1")
        return await self._storage.respond(
            StorageRequest(
                method=request.method,
                path=path,
                query=request.query,
                headers=request.headers,
                chunks=_chunks(receive),
                request_id=request.request_id,
                body_limit=self._body_limit,
            )
        )

    async def _alias(
        self,
        request: Request,
        path: str,
        receive: Receive,
        route: Route,
        identity: Identity,
    ) -> Response:
        _check_profile(request)
        request.body = await self._read(request, receive)
        request.sent = (request.query, request.body, request.headers)
        aliases.translate(request, path)
        response = await route.call(request, identity)
        response.headers += aliases.successor(request.function)
        return response

    def _preflight(self, request: Request) -> Response | None:
        if (origin := request.header(b"origin")) is None:
            return None
        return self._cors.preflight(
            origin,
            method=request.header(b"access-control-request-method"),
            headers=request.header(b"access-control-request-headers"),
        )

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


async def _send(scope: Scope, send: Send, response: Response) -> bytes:
    """Send an answer; return the beginning of its body."""
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": response.headers,
        }
    )
    body = response.body
    if isinstance(body, bytes):
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent})
        return body
    first = b""
    async for chunk in body:
        first = first or chunk
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    return first


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
    if len(segments) == 1:
        raise ApiError(
            404,
            "PGRST205",
            f"Could not find the table 'public.{segments[0]}' in the schema cache",
        )
    raise no_such_path()


def _check_profile(request: Request) -> None:
    """Refuse another schema than the one that is exposed.

    :raises ApiError: 406 PGRST106.
    """
    profile = request.profile()
    if profile is not None and profile != SCHEMA.encode():
        raise ApiError(
            406,
            "PGRST106",
            f"Invalid schema: {profile.decode('latin-1')}",
            hint=f"Only the following schemas are exposed: {SCHEMA}",
        )


def _readiness(found: Readiness) -> Response:
    if found.master is None:
        return _health(healthy=found.healthy)
    # Anybody may ask: which tenants are away, and neither why nor which others are.
    return _health(
        healthy=found.healthy, master=found.master, not_ready=found.not_ready
    )


def _health(*, healthy: bool, **more: object) -> Response:
    body = json.dumps({"healthy": healthy, **more}, separators=(",", ":")).encode()
    if healthy:
        return whole(200, body, UNSTORED)
    return whole(503, body, UNSTORED, RETRY_AFTER)


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
