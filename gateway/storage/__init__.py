"""Supabase Storage's object calls, forwarded to a storage server or served here.

Each of the two is imported where it is configured: what they need takes long to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gateway.database import Database
from gateway.storage.errors import not_configured

if TYPE_CHECKING:
    from gateway.messages import Response
    from gateway.settings import Settings
    from gateway.storage.messages import StorageRequest
    from gateway.storage.signing import Grant
    from gateway.tokens import Identity

# No alias: those are upper-case.
SINGLE_TENANT = "tenant"


class Storage(Protocol):
    """One tenant's storage."""

    async def open(self) -> None:
        """Acquire what it needs."""

    async def close(self) -> None:
        """Give everything back."""

    async def respond(
        self, request: StorageRequest, identity: Identity, grant: Grant | None
    ) -> Response:
        """Answer one call.

        :raises gateway.storage.errors.StorageError: for what is refused.
        """


class NoStorage:
    """An installation without storage: every call says so."""

    def __init__(self, missing: str) -> None:
        self._missing = missing

    async def open(self) -> None:
        """Acquire nothing."""

    async def close(self) -> None:
        """Give nothing back."""

    async def respond(
        self,
        request: StorageRequest,
        identity: Identity,
        grant: Grant | None,
    ) -> Response:
        """Refuse.

        :raises StorageError: always.
        """
        del request, identity, grant
        raise not_configured(
            f"Storage is not configured on this gateway: {self._missing}"
        )


def try_store(settings: Settings, *, writing: bool) -> str:
    """Say what is wrong with the settings' store; empty: nothing, or there is none.

    The text holds no secret.

    :param writing: look, too, whether its folder may be written.
    """
    if settings.storage_upstream or not settings.storage_url:
        return ""
    from gateway.storage.store import Store, StoreError

    try:
        store = Store(settings.storage_url, prefix=SINGLE_TENANT)
        if writing:
            store.try_folder()
    except StoreError as error:
        return f"PART_LENS_STORAGE_URL: {error}"
    return ""


def storage_of(
    settings: Settings, database: Database | None, *, tenant: str = ""
) -> Storage:
    """Build a tenant's storage as the settings describe it.

    :param database: the tenant's, which somebody else opens; None to open one for
        storage alone.
    :param tenant: its alias, which is the prefix that its bytes have in the store;
        empty where there is one tenant alone.
    """
    if settings.storage_upstream:
        from gateway.storage.forward import StorageUpstream

        return StorageUpstream(settings.storage_upstream)
    if not settings.storage_url:
        return NoStorage(
            "it needs PART_LENS_STORAGE_URL, or PART_LENS_STORAGE_UPSTREAM"
        )
    if database is None and not settings.database_url:
        return NoStorage("beside PART_LENS_STORAGE_URL it needs PART_LENS_DATABASE_URL")
    from gateway.storage.objects import Objects
    from gateway.storage.routes import ObjectStorage
    from gateway.storage.rows import Rows
    from gateway.storage.signing import Signer
    from gateway.storage.store import Store

    own = None
    if database is None:
        own = database = Database(settings, tenant=tenant)
    store = Store(settings.storage_url, prefix=tenant or SINGLE_TENANT)
    objects = Objects(Rows(database), store, Signer(settings.storage_secret))
    return ObjectStorage(objects, database=own)
