"""How a tenant's windows get to its database, given what the settings can prove.

A report is a service's call. The direct route makes it like any other; a PostgREST
wants a token for it, which a gateway that only verifies others' tokens cannot sign.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from gateway.database import Database
from gateway.direct import DirectRoute
from gateway.signer import Signer
from gateway.storage import NoStorage
from gateway.windows import Reporter

if TYPE_CHECKING:
    from gateway.messages import Route
    from gateway.settings import Settings
    from gateway.windows import Windows

logger = logging.getLogger("gateway.reporting")


class Way(Enum):
    """By what a report is carried, in words."""

    OFF = "windows for the canary: not wanted"
    ROUTE = "windows for the canary: reported by the route of all calls"
    SIGNED = "windows for the canary: reported to PostgREST, signed here"
    DATABASE = "windows for the canary: reported by a connection of their own"
    NONE = (
        "windows for the canary: cannot be reported. PART_LENS_JWKS signs nothing, so"
        " that PostgREST takes no report: set the tenant's DATABASE_URL too, or"
        " PART_LENS_WINDOW_SECONDS=0"
    )


def way_of(settings: Settings) -> Way:
    """Choose the way, for the settings of one tenant."""
    if not settings.window_seconds:
        return Way.OFF
    if settings.route == "direct" or settings.postgrest_jwt_secret:
        return Way.ROUTE
    if settings.jwt_secrets:
        return Way.SIGNED
    return Way.DATABASE if settings.database_url else Way.NONE


def reporter(
    windows: Windows, route: Route, settings: Settings, *, tenant: str = ""
) -> Reporter | None:
    """Build what reports; None where nothing does, logged unless that is wanted."""
    way = way_of(settings)
    if way is Way.NONE:
        fields = {"reason": way.value, **({"tenant": tenant} if tenant else {})}
        logger.warning("windows not reported", extra={"fields": fields})
    if way in (Way.NONE, Way.OFF):
        return None
    own = None
    if way is Way.DATABASE:
        database = Database(replace(settings, pool_size=1), tenant=tenant)
        own = DirectRoute(database, NoStorage("this connection is for reports"))
    signer = Signer(settings.jwt_secrets[0].decode()) if way is Way.SIGNED else None
    return Reporter(
        windows,
        own or route,
        seconds=settings.window_seconds,
        authorization=signer.authorization if signer else None,
        owns_route=own is not None,
    )
