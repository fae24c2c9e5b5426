"""The canary's part of the gateway: calls are counted, and some belong to v1.

Which yachts are in is decided in SQL, which refuses the others with 404
`feature_disabled`. Their calls go to v1 where one is configured, and count for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.arguments import idempotency_key
from gateway.errors import ApiError, commit_unknown, json_object
from gateway.reporting import reporter
from gateway.windows import Windows, whole_body

if TYPE_CHECKING:
    from gateway.messages import Pool, Request, Response, Route
    from gateway.settings import Settings
    from gateway.tokens import Identity
    from gateway.v1 import V1
    from gateway.windows import Reporter

OUT = "feature_disabled"


def with_canary(route: Route, settings: Settings, *, tenant: str = "") -> Route:
    """Add to a tenant's route what the settings say of windows and of v1."""
    v1 = _v1(settings.v1_url) if settings.v1_url else None
    windows = Windows()
    reports = reporter(windows, route, settings, tenant=tenant)
    return CanaryRoute(
        route, windows=windows if reports else None, reporter=reports, v1=v1
    )


def _v1(url: str) -> V1:
    # The HTTP client takes long to import, and few have a v1.
    from gateway.v1 import V1

    return V1(url)


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
            await self._reporter.start()

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
        if response.status == 404 and await _refusal(request, response) == OUT:
            request.is_ours = False
            if self._v1 is not None:
                return await self._v1.call(request)
        return response


async def _refusal(request: Request, response: Response) -> str | None:
    """Return the code of a refusal.

    :raises ApiError: 503 when the upstream went before its answer was complete.
    """
    try:
        return code_of(await whole_body(response))
    except ApiError:
        if request.method == "POST":
            raise commit_unknown(idempotency_key(request)) from None
        raise


def code_of(body: bytes) -> str | None:
    """Return the code of a refusal, None if it is none."""
    code = json_object(body).get("code")
    return code if isinstance(code, str) else None


def watch(request: Request, route: Route) -> None:
    """Have a call counted among those of the route."""
    if isinstance(route, CanaryRoute):
        request.windows = route.windows
