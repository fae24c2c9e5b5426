"""Which tenant a caller belongs to, and the route to its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.messages import Route
    from gateway.tokens import Identity


class Tenants:
    """Resolve callers to routes. With one tenant there is one answer."""

    def __init__(self, route: Route) -> None:
        self._route = route

    async def resolve(self, identity: Identity) -> Route:  # noqa: ARG002 - one tenant
        """Return the route that answers ``identity``."""
        return self._route

    async def open(self) -> None:
        """Open every tenant's route."""
        await self._route.open()

    async def close(self) -> None:
        """Close every tenant's route."""
        await self._route.close()

    async def ready(self) -> bool:
        """Say whether every tenant can be served."""
        return await self._route.ready()
