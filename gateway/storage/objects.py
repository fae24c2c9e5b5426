"""Storage served by the gateway itself: rows in PostgreSQL, bytes in a store.

Bytes and rows cannot disagree after a crash. Bytes come first, under a new name and
durable; the row that names them comes last. What no row names any more, or never did,
is removed at once where that is certain, and by the sweep where it is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.storage.downloads import render
from gateway.storage.errors import (
    StorageError,
    access_denied,
    no_such_bucket,
    no_such_key,
    too_large,
)
from gateway.storage.rows import Entry, LostError, Rows
from gateway.storage.signing import UPLOAD_SECONDS
from gateway.storage.uploads import check_type, limited, read_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.messages import Response
    from gateway.storage.messages import StorageRequest
    from gateway.storage.rows import Bucket, Row
    from gateway.storage.signing import Signer
    from gateway.storage.store import Store, Stored
    from gateway.tokens import Identity

logger = logging.getLogger("gateway.storage")

# From the first byte to the last. The row follows within minutes: the pool's patience
# and the statements' time-outs see to that. So bytes that are older than the sweep's
# age belong to no upload that is still under way.
TRANSFER_SECONDS = 900
SWEEP_AGE_LEAST = timedelta(hours=1)
SWEEP_BATCH = 1000
# How often a reader looks again when an overwriting took the bytes from under it.
ATTEMPTS = 3


class Objects:
    """The objects of one tenant."""

    def __init__(self, rows: Rows, store: Store, signer: Signer) -> None:
        self._rows = rows
        self._store = store
        self._signer = signer

    async def upload(
        self,
        request: StorageRequest,
        identity: Identity,
        place: tuple[str, str],
        *,
        upsert: bool,
    ) -> dict[str, str]:
        """Store the body as an object; return its id and key.

        :param place: bucket and name.
        :raises StorageError: for what bucket, body or policies refuse.
        """
        bucket = await self._bucket(identity, place[0])
        upload = await read_upload(request)
        check_type(upload.media_type, bucket.types)
        if bucket.size_limit is not None and (upload.size or 0) > _with_form(
            bucket.size_limit
        ):
            raise too_large()
        entry = Entry(
            bucket=place[0],
            name=place[1],
            media_type=upload.media_type,
            cache_control=upload.cache_control,
            user_metadata=upload.user_metadata,
        )
        await self._rows.may_write(identity, entry, size=upload.size, upsert=upsert)
        stored = await self._receive(limited(upload.chunks, bucket.size_limit))
        return await self._name(identity, entry, stored, upsert=upsert)

    async def download(
        self,
        request: StorageRequest,
        identity: Identity,
        place: tuple[str, str],
        *,
        operation: str,
        expires: int | None = None,
    ) -> Response:
        """Answer with an object's bytes.

        :raises StorageError: 404 NoSuchKey when the caller does not see it.
        """
        for _ in range(ATTEMPTS):
            row = await self._rows.find(identity, *place, operation)
            try:
                return await render(request, row, self._store, expires=expires)
            except FileNotFoundError:
                continue
        logger.error(
            "bytes missing",
            extra={"fields": {"object": str(row["id"]), "version": row["version"]}},
        )
        raise no_such_key()

    async def info(self, identity: Identity, place: tuple[str, str]) -> dict[str, Any]:
        """Return what is known of an object, as Storage's info call names it.

        :raises StorageError: 404 NoSuchKey.
        """
        row = await self._rows.find(identity, *place, "object.info_authenticated")
        about = row["metadata"] or {}
        return {
            "id": str(row["id"]),
            "name": row["name"],
            "version": row["version"],
            "bucket_id": row["bucket_id"],
            "size": about.get("size"),
            "content_type": about.get("mimetype"),
            "cache_control": about.get("cacheControl"),
            "etag": about.get("eTag"),
            "metadata": row["user_metadata"],
            "last_modified": row["updated_at"].isoformat(),
            "created_at": row["created_at"].isoformat(),
        }

    async def remove(self, identity: Identity, place: tuple[str, str]) -> None:
        """Delete one object.

        :raises StorageError: 404 NoSuchKey, 403 AccessDenied.
        """
        await self._discard([await self._rows.delete(identity, *place)])

    async def remove_many(
        self, identity: Identity, bucket: str, names: Sequence[str]
    ) -> bytes:
        """Delete those objects that the caller may; return their rows as JSON."""
        rows, versions = await self._rows.delete_many(identity, bucket, names)
        await self._discard(versions)
        return rows

    async def folder(self, identity: Identity, **page: Any) -> bytes:
        """Return one folder as JSON; see `Rows.folder`."""
        return await self._rows.folder(identity, **page)

    async def move(
        self, identity: Identity, source: tuple[str, str], target: tuple[str, str]
    ) -> str:
        """Give an object another name; its bytes stay where they are.

        :raises StorageError: also for what the other bucket would not have taken.
        """
        if source[0] != target[0]:
            row = await self._rows.find(identity, *source, "object.move")
            await self._check_fits(identity, row, target[0])
        return await self._rows.move(identity, source, target)

    async def copy(
        self,
        identity: Identity,
        source: tuple[str, str],
        target: tuple[str, str],
        *,
        upsert: bool,
    ) -> dict[str, str]:
        """Store an object a second time, as the caller's own; return id and key.

        :raises StorageError: as for an upload.
        """
        row = await self._rows.find(identity, *source, "object.copy")
        await self._check_fits(identity, row, target[0])
        about = row["metadata"] or {}
        entry = Entry(
            bucket=target[0],
            name=target[1],
            media_type=about.get("mimetype") or "application/octet-stream",
            cache_control=about.get("cacheControl") or "no-cache",
            user_metadata=row["user_metadata"],
        )
        size = about.get("size")
        await self._rows.may_write(identity, entry, size=size, upsert=upsert)
        try:
            stored = await self._store.copy(row["version"] or "")
        except FileNotFoundError:
            raise no_such_key() from None
        return await self._name(identity, entry, stored, upsert=upsert)

    async def sign(
        self, identity: Identity, place: tuple[str, str], seconds: int
    ) -> str:
        """Return the path of a URL for an object that the caller sees.

        :raises StorageError: 404 NoSuchKey.
        """
        await self._rows.find(identity, *place, "object.sign")
        return self._url("sign", identity, place, seconds)

    async def sign_many(
        self, identity: Identity, bucket: str, names: Sequence[str], seconds: int
    ) -> list[dict[str, str | None]]:
        """Return such a path for each name, or why there is none."""
        seen = await self._rows.visible(identity, bucket, names)
        absent = "Either the object does not exist or you do not have access to it"
        return [
            {
                "error": None if name in seen else absent,
                "path": name,
                "signedURL": self._url("sign", identity, (bucket, name), seconds)
                if name in seen
                else None,
            }
            for name in names
        ]

    async def sign_upload(
        self, identity: Identity, place: tuple[str, str], *, upsert: bool
    ) -> dict[str, str]:
        """Return a path under which whoever holds it uploads in the caller's name.

        :raises StorageError: for what the policies refuse the caller.
        """
        await self._bucket(identity, place[0])
        entry = Entry(*place, "application/octet-stream", "no-cache", None)
        await self._rows.may_write(identity, entry, size=None, upsert=upsert)
        url = self._url("upload/sign", identity, place, UPLOAD_SECONDS, upsert=upsert)
        return {"url": url, "token": url.partition("?token=")[2]}

    async def sweep(self, *, age: timedelta = SWEEP_AGE_LEAST) -> int:
        """Remove bytes that no row names; return how many names.

        :param age: since when nothing may have been written to them.
        :raises StorageError: when not every row can be seen; nothing more is removed.
        """
        before = datetime.now(UTC) - max(age, SWEEP_AGE_LEAST)
        names = await self._store.older_than(before)
        removed = 0
        for start in range(0, len(names), SWEEP_BATCH):
            batch = names[start : start + SWEEP_BATCH]
            orphans = set(batch) - await self._rows.named(batch)
            for name in orphans:
                await self._store.remove(name)
            removed += len(orphans)
        return removed

    async def _bucket(self, identity: Identity, bucket: str) -> Bucket:
        found = await self._rows.bucket(identity, bucket)
        if found is None:
            # Nobody in particular is told nothing of buckets, and may not write either.
            if identity.anonymous:
                raise access_denied("new row violates row-level security policy")
            raise no_such_bucket()
        return found

    async def _check_fits(self, identity: Identity, row: Row, bucket: str) -> None:
        limits = await self._bucket(identity, bucket)
        about = row["metadata"] or {}
        check_type(about.get("mimetype") or "", limits.types)
        if limits.size_limit is not None and about.get("size", 0) > limits.size_limit:
            raise too_large()

    async def _receive(self, chunks: AsyncIterator[bytes]) -> Stored:
        try:
            async with asyncio.timeout(TRANSFER_SECONDS):
                return await self._store.write(chunks)
        except TimeoutError:
            raise StorageError(
                408, "RequestTimeout", "The upload took too long"
            ) from None

    async def _name(
        self, identity: Identity, entry: Entry, stored: Stored, *, upsert: bool
    ) -> dict[str, str]:
        """Have a row name stored bytes; remove them again when it is refused."""
        try:
            object_id, before = await self._rows.write(
                identity, entry, stored, upsert=upsert
            )
        except LostError:
            # A row may name them: the sweep will know.
            raise
        except Exception:
            await self._discard([stored.name])
            raise
        await self._discard([before])
        return {"Id": object_id, "Key": f"{entry.bucket}/{entry.name}"}

    async def _discard(self, names: Sequence[str | None]) -> None:
        # What the store will not remove now, the sweep removes later.
        for name in names:
            if name is not None:
                with contextlib.suppress(OSError):
                    await self._store.remove(name)

    def _url(
        self,
        route: str,
        identity: Identity,
        place: tuple[str, str],
        seconds: int,
        *,
        upsert: bool = False,
    ) -> str:
        path = "/".join(place)
        token = self._signer.sign(
            "download" if route == "sign" else "upload",
            path,
            identity,
            seconds=seconds,
            upsert=upsert,
        )
        return f"/object/{route}/{quote(path)}?token={token}"


def _with_form(size: int) -> int:
    """Allow for what a form adds around the file; the file itself is counted later."""
    return size + 2 * 1024 * 1024
