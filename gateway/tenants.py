"""Which tenant a caller belongs to, and the route to its database."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from gateway.errors import CHALLENGE, ApiError, unavailable
from gateway.master import NOBODY, MasterAwayError
from gateway.tokens import ANONYMOUS_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.directory import Directory
    from gateway.master import Master
    from gateway.messages import Route
    from gateway.tokens import Identity

logger = logging.getLogger("gateway.tenants")

# The claim in which a token without a person names its tenant, in any case.
CLAIM = "tenant_key_alias"
PERSON = "authenticated"
# Seconds in which every tenant can have been reached: connect_timeout.
SETTLING = 5.0
AGAIN = "Try again in a moment"

REFUSALS: Mapping[str, tuple[str, str]] = {
    "account_unknown": (
        "You have no account with any tenant",
        "Ask a manager of your fleet for one.",
    ),
    "account_inactive": (
        "Your account is not active",
        "Ask a manager of your fleet to activate it.",
    ),
    "tenant_inactive": (
        "Your tenant is not active",
        "Ask whoever runs this service.",
    ),
    "tenant_missing": (
        "The token names no tenant",
        f"Sign it with the tenant's alias in the claim {CLAIM}.",
    ),
    "tenant_unknown": (
        "The token names no tenant of this gateway",
        f"Look at the claim {CLAIM}.",
    ),
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether calls can be answered.

    :param not_ready: the aliases of tenants whose people would wait in vain.
    :param master: whether MASTER answers; None where there is no MASTER.
    """

    healthy: bool
    not_ready: tuple[str, ...] = ()
    master: bool | None = None


class Tenants(Protocol):
    """The tenants of this gateway."""

    @property
    def routes(self) -> Mapping[str, Route]:
        """Each tenant's route by its alias."""

    async def resolve(self, identity: Identity) -> Route:
        """Return the route that answers `identity`.

        :raises ApiError: there is none for it, or none for now.
        """

    async def open(self) -> None:
        """Open every tenant's route; one that is down delays no other."""

    async def close(self) -> None:
        """Close every tenant's route."""

    async def ready(self) -> Readiness:
        """Say who can be served."""


class OneTenant:
    """A gateway for one database: everybody belongs there."""

    def __init__(self, route: Route) -> None:
        self._route = route

    @property
    def routes(self) -> Mapping[str, Route]:
        """Return the one, which needs no alias."""
        return {"": self._route}

    async def resolve(self, identity: Identity) -> Route:  # noqa: ARG002 - one answer
        """Return the one route."""
        return self._route

    async def open(self) -> None:
        """Open it."""
        await self._route.open()

    async def close(self) -> None:
        """Close it."""
        await self._route.close()

    async def ready(self) -> Readiness:
        """Say whether it answers."""
        return Readiness(await self._route.ready())


class ManyTenants:
    """Tenants by alias: MASTER says whose a person is, a token whose a service is."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        master: Master,
        directory: Directory,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._routes = routes
        self._master = master
        self._directory = directory
        self._clock = clock
        self._settled = 0.0

    @property
    def routes(self) -> Mapping[str, Route]:
        """Each tenant's route by its alias."""
        return self._routes

    async def resolve(self, identity: Identity) -> Route:
        """Return the route to the caller's tenant.

        :raises ApiError: 401 for nobody, 403 for who has no tenant here, 503 while
            it cannot be found out or reached.
        """
        claims: dict[str, Any] = json.loads(identity.claims)
        if identity.role != PERSON:
            return self._named(claims.get(CLAIM), identity.role)
        try:
            person = UUID(claims["sub"])
        except (AttributeError, KeyError, TypeError, ValueError):
            # Whoever issued it, MASTER knows people by UUID alone.
            raise _refusal("account_unknown") from None
        try:
            residence = await self._directory.find(person)
        except MasterAwayError:
            raise unavailable(
                "master_unavailable",
                "It cannot be found out which tenant is yours",
                hint=AGAIN,
            ) from None
        if residence.refusal:
            raise _refusal(residence.refusal)
        if (route := self._routes.get(residence.alias)) is None:
            logger.error(
                "tenant without a URL", extra={"fields": {"tenant": residence.alias}}
            )
            raise unavailable(
                "tenant_unavailable",
                "Your tenant is not served here for now",
                hint=AGAIN,
            )
        return route

    def _named(self, alias: object, role: str) -> Route:
        if alias is None:
            if role == ANONYMOUS_ROLE:
                raise _anonymous()
            raise _refusal("tenant_missing")
        route = self._routes.get(alias.upper()) if isinstance(alias, str) else None
        if route is None:
            raise _refusal("tenant_unknown")
        return route

    async def open(self) -> None:
        """Begin to connect, to all at once: the first call of a tenant waits less."""
        self._settled = self._clock() + SETTLING
        await self._master.open()
        await asyncio.gather(*(route.open() for route in self._routes.values()))

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(route.close() for route in self._routes.values()))
        await self._master.close()

    async def ready(self) -> Readiness:
        """Say which tenants are away: healthy as long as anybody can be served.

        While the gateway starts it waits for all, so that a load balancer sends
        nobody to a tenant that is about to be reached.
        """
        aliases = list(self._routes)
        answers = await asyncio.gather(
            *(self._routes[alias].ready() for alias in aliases)
        )
        away = tuple(a for a, ready in zip(aliases, answers, strict=True) if not ready)
        master = await self._master_answers()
        settled = self._clock() >= self._settled
        served = (master or len(self._directory) > 0) and len(away) < len(aliases)
        return Readiness(
            healthy=served if settled else master and not away,
            not_ready=away,
            master=master,
        )

    async def _master_answers(self) -> bool:
        try:
            await self._directory.find(NOBODY)
        except MasterAwayError:
            return False
        return True


def _refusal(code: str) -> ApiError:
    message, hint = REFUSALS[code]
    return ApiError(403, code, message, hint=hint)


def _anonymous() -> ApiError:
    """Build what PostgREST answers where nobody is let in without a token."""
    return ApiError(
        401,
        "PGRST302",
        "Anonymous access is disabled",
        headers=[CHALLENGE],
    )
