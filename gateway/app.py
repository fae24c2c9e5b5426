"""The ASGI application: from an HTTP request to a route, and back."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.database import Database
from gateway.direct import DirectRoute
from gateway.directory import Directory
from gateway.errors import RETRY_AFTER, ApiError
from gateway.master import Master
from gateway.messages import JSON_TYPE, Request, Response
from gateway.tenants import ManyTenants, OneTenant
from gateway.tokens import Tokens
from gateway.upstream import PostgrestRoute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from gateway.messages import Route
    from gateway.settings import Settings
    from gateway.tenants import Readiness, Tenants

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
    tokens = Tokens(settings.jwt_secret, audience=settings.jwt_audience)
    return Gateway(_tenants(settings), tokens, body_limit=settings.body_limit)


def _tenants(settings: Settings) -> Tenants:
    if not settings.master_url:
        return OneTenant(_route(settings))
    routes = {
        alias: _route(
            replace(
                settings,
                database_url=urls.database_url,
                listen_url=urls.listen_url,
                postgrest_url=urls.postgrest_url,
            ),
            tenant=alias,
        )
        for alias, urls in settings.tenants.items()
    }
    master = Master(settings.master_url)
    directory = Directory(
        master.residence, fresh=settings.master_cache, stale=settings.master_stale
    )
    return ManyTenants(routes, master, directory)


def _route(settings: Settings, *, tenant: str = "") -> Route:
    if settings.route == "postgrest":
        return PostgrestRoute(settings.postgrest_url)
    return DirectRoute(Database(settings, tenant=tenant))


class ClientGoneError(Exception):
    """The client left before its request was complete: nobody waits for an answer."""


class Gateway:
    """Serve RPC calls, `/live` and `/ready`."""

    def __init__(self, tenants: Tenants, tokens: Tokens, *, body_limit: int) -> None:
        self._tenants = tenants
        self._tokens = tokens
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
            return _readiness(await self._tenants.ready())
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


def _readiness(found: Readiness) -> Response:
    if found.master is None:
        return _health(healthy=found.healthy)
    # Anybody may ask: which tenants are away, and neither why nor which others are.
    return _health(
        healthy=found.healthy, master=found.master, not_ready=found.not_ready
    )


def _health(*, healthy: bool, **more: object) -> Response:
    body = json.dumps({"healthy": healthy, **more}, separators=(",", ":")).encode()
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
