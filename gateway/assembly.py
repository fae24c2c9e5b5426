"""From settings to a gateway.

What only some settings need is imported when they ask for it: a third of a start's time
is the HTTP client, which the direct route does without.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gateway import logs, phrases
from gateway.app import Gateway
from gateway.canary import with_canary
from gateway.cors import Cors
from gateway.database import Database
from gateway.direct import DirectRoute
from gateway.directory import Directory
from gateway.master import Master
from gateway.pages import Pages
from gateway.settings import Settings
from gateway.storage import storage_of
from gateway.storage.front import StorageFront
from gateway.tenants import ManyTenants, OneTenant
from gateway.tokens import Tokens

if TYPE_CHECKING:
    from gateway.jwks import KeySet
    from gateway.messages import Route
    from gateway.tenants import Tenants


def from_environment() -> Gateway:
    """Build the gateway of this process, and its logs.

    :raises SettingsError: a setting is missing or unusable.
    """
    settings = Settings.from_environment(os.environ)
    logs.configure(settings.log_level)
    return application(settings)


def application(settings: Settings) -> Gateway:
    """Build the gateway that the settings describe."""
    phrases.install()
    tokens = Tokens(
        settings.jwt_secrets,
        audience=settings.jwt_audience,
        algorithms=settings.jwt_algorithms,
        keys=_key_set(settings.jwks) if settings.jwks else None,
    )
    tenants = _tenants(settings)
    return Gateway(
        tenants,
        tokens,
        StorageFront(tenants, tokens, settings),
        cors=Cors(settings.cors_origins),
        pages=Pages(_documented(settings)),
        body_limit=settings.body_limit,
    )


def _key_set(location: str) -> KeySet:
    from gateway.jwks import KeySet

    return KeySet(location)


def _tenants(settings: Settings) -> Tenants:
    if not settings.master_url:
        return OneTenant(_route(settings))
    routes = {
        alias: _route(settings.of_tenant(alias), tenant=alias)
        for alias in settings.tenants
    }
    master = Master(settings.master_url)
    directory = Directory(
        master.residence, fresh=settings.master_cache, stale=settings.master_stale
    )
    return ManyTenants(routes, master, directory)


def _route(settings: Settings, *, tenant: str = "") -> Route:
    if settings.route == "direct":
        database = Database(settings, tenant=tenant)
        storage = storage_of(settings, database, tenant=tenant)
        return with_canary(DirectRoute(database, storage), settings, tenant=tenant)
    from gateway.postgrest import PostgrestRoute
    from gateway.signer import Signer

    secret = settings.postgrest_jwt_secret
    route = PostgrestRoute(
        settings.postgrest_url,
        storage_of(settings, None, tenant=tenant),
        Signer(secret) if secret else None,
    )
    return with_canary(route, settings, tenant=tenant)


def _documented(settings: Settings) -> str:
    """Choose a database whose catalogue is described; all tenants' are alike."""
    urls = [settings.database_url, *(t.database_url for t in settings.tenants.values())]
    return next(filter(None, urls), "")
