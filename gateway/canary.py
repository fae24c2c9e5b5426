"""The canary's part of the gateway: calls are counted, and some belong to v1.

Which yachts are in is decided in SQL, which refuses the others with 404
`feature_disabled`. Their calls go to v1 where one is configured, and count for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import json_object
from gateway.signer import Signer
from gateway.v1 import V1
from gateway.windows import Reporter, Windows, whole_body

if TYPE_CHECKING:
    from gateway.messages import Pool, Request, Response, Route
    from gateway.settings import Settings
    from gateway.tokens import Identity

OUT = "feature_disabled"


def with_canary(route: Route, settings: Settings) -> Route:
    """Add to a tenant's route what the settings say of windows and of v1."""
    v1 = V1(settings.v1_url) if settings.v1_url else None
    windows, reporter = None, None
    signs = settings.route == "postgrest" and not settings.postgrest_jwt_secret
    if settings.window_seconds and (settings.jwt_secrets or not signs):
        windows = Windows()
        signer = Signer(settings.jwt_secrets[0].decode()) if signs else None
        reporter = Reporter(
            windows,
            route,
            seconds=settings.window_seconds,
            authorization=signer.authorization if signer else None,
        )
    return CanaryRoute(route, windows=windows, reporter=reporter, v1=v1)


class CanaryRoute:
    """A route whose calls are counted, and which v1 can answer for."""

    def __init__(
        self,
        route: Route,
        *,
        windows: Windows | None,
        reporter: Reporter | None,
        v1: V1 | None,
    ) -> None:
        self.windows = windows
        self.storage = route.storage
        self._route = route
        self._reporter = reporter
        self._v1 = v1

    def pool(self) -> Pool | None:
        """Tell of the route's connections."""
        return self._route.pool()

    async def open(self) -> None:
        """Open the route, and begin to report."""
        await self._route.open()
        if self._v1 is not None:
            await self._v1.open()
        if self._reporter is not None:
            self._reporter.start()

    async def close(self) -> None:
        """Report the last window, and close the route."""
        if self._reporter is not None:
            await self._reporter.stop()
        if self._v1 is not None:
            await self._v1.close()
        await self._route.close()

    async def ready(self, *, within: float = 0) -> bool:
        """Say whether the route is; v1 is not asked."""
        return await self._route.ready(within=within)

    async def call(self, request: Request, identity: Identity) -> Response:
        """Answer one call, or have v1 answer it.

        :raises gateway.errors.ApiError: for what has no answer of its own.
        """
        response = await self._route.call(request, identity)
        if response.status == 404 and code_of(await whole_body(response)) == OUT:
            request.is_ours = False
            if self._v1 is not None:
                return await self._v1.call(request)
        return response


def code_of(body: bytes) -> str | None:
    """Return the code of a refusal, None if it is none."""
    code = json_object(body).get("code")
    return code if isinstance(code, str) else None


def watch(request: Request, route: Route) -> None:
    """Have a call counted among those of the route."""
    if isinstance(route, CanaryRoute):
        request.windows = route.windows
