"""What a browser gets: the OpenAPI document at `/`, and a page for it at `/docs`."""

from __future__ import annotations

import asyncio
import mimetypes
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from gateway import openapi
from gateway.errors import ApiError, connection_lost, no_such_path
from gateway.messages import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.messages import Response

# Seconds for which a description is given again without a look at the database.
FRESH = 30
# Seconds for which all are told of a database that is away, after one waited for it.
SHARED = 2
DESCRIPTION_TYPE = b"application/openapi+json; charset=utf-8"
ROOTS = ("/", "/rest/v1/", "/rest/v1")
DOCS = "/docs"
ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
# Nothing is fetched from elsewhere, and no script but the files below runs. Swagger UI
# styles elements and shows images of its own as data.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    b" img-src 'self' data:; connect-src 'self'; base-uri 'none';"
    b" form-action 'none'; frame-ancestors 'none'"
)
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Part Lens API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """\
SwaggerUIBundle({
    url: "./",
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    persistAuthorization: false,
    supportedSubmitMethods: ["get", "post"],
    validatorUrl: null,
});
"""


class Pages:
    """Serve the API's description; it holds nothing that is secret."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._description = b""
        self._described = float("-inf")
        self._failed = float("-inf")
        self._lock = asyncio.Lock()

    def has(self, path: str) -> bool:
        """Say whether a path is one of a page."""
        return path in ROOTS or path == DOCS or path.startswith(DOCS + "/")

    async def answer(self, method: str, path: str) -> Response:
        """Answer GET or HEAD of a page.

        :raises ApiError: 404, 405, or 503 when the database is away.
        """
        if method not in ("GET", "HEAD"):
            raise ApiError(
                405,
                "PGRST117",
                f"Unsupported HTTP method: {method}",
                headers=[(b"allow", b"GET, HEAD")],
            )
        if path in ROOTS:
            return _page(await self._describe(), DESCRIPTION_TYPE, b"no-cache")
        if path == DOCS:
            policy = (b"content-security-policy", POLICY)
            return _page(
                PAGE.encode(), b"text/html; charset=utf-8", b"no-cache", policy
            )
        name = path.removeprefix(DOCS + "/")
        if (body := _assets().get(name)) is None:
            raise no_such_path()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return _page(body, kind.encode(), b"public, max-age=86400")

    async def _describe(self) -> bytes:
        if not self._database_url:
            # As a PostgREST says whose openapi-mode is disabled.
            raise ApiError(
                404,
                "PGRST126",
                "Root endpoint metadata is disabled",
                hint="The gateway has no database of which to describe it",
            )
        async with self._lock:
            if time.monotonic() - self._failed <= SHARED:
                raise connection_lost()
            if time.monotonic() - self._described > FRESH:
                try:
                    self._description = await openapi.describe(self._database_url)
                except psycopg.Error:
                    self._failed = time.monotonic()
                    raise connection_lost() from None
                self._described = time.monotonic()
            return self._description


@cache
def _assets() -> Mapping[str, bytes]:
    """Read Swagger UI's files, once; the package brings them and is not imported."""
    spec = find_spec("swagger_ui")
    folders = (spec and spec.submodule_search_locations) or []
    files = {name: Path(folders[0], "static", name).read_bytes() for name in ASSETS}
    return {**files, "start.js": START.encode()}


def _page(
    body: bytes, kind: bytes, caching: bytes, *more: tuple[bytes, bytes]
) -> Response:
    return whole(
        200,
        body,
        (b"cache-control", caching),
        (b"x-content-type-options", b"nosniff"),
        *more,
        kind=kind,
    )
