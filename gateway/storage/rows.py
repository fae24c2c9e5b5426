"""Rows of storage.objects and storage.buckets, read and written as the caller.

Who writes the rows? Supabase's server tries a caller's right in a transaction that it
rolls back, and then writes as an administrator of the tables. Here nobody is one: the
login (`authenticator`) inherits nothing and has no right on the schema `storage`, so it
becomes the caller for each transaction, and the policies bind the very statement that
takes effect. Nothing can be written that a policy has not allowed, whatever this code
does. What the caller may be shown of a bucket says a policy too. Only the sweep, which
must know every row in order to remove anything, reads as `service_role`, and writes
nothing.
"""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from gateway.storage.errors import (
    StorageError,
    access_denied,
    internal,
    invalid_request,
    no_such_bucket,
    no_such_key,
    timed_out,
    unavailable,
)
from gateway.tokens import Identity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.database import Database
    from gateway.storage.store import Stored

logger = logging.getLogger("gateway.storage")

Row = dict[str, Any]
Cursor = psycopg.AsyncCursor[Row]
Query = LiteralString | sql.Composed

REFUSED = "new row violates row-level security policy"
# The row is the last step of an upload, and the sweep counts on its end.
STATEMENT_TIMEOUT = "30s"
SWEEPER = Identity("service_role", b'{"role":"service_role"}')
SORTED_BY = frozenset({"name", "updated_at", "created_at", "last_accessed_at"})

# A newer storage server refuses a DELETE by SQL unless it is asked for.
BECOME = """
SELECT set_config('search_path', 'pg_catalog, pg_temp', true),
       set_config('statement_timeout', %(timeout)s, true),
       set_config('storage.operation', %(operation)s, true),
       set_config('storage.allow_delete_query', 'true', true),
       set_config('request.jwt.claims', %(claims)s, true),
       set_config('role', %(role)s, true)
"""
BUCKET = """
SELECT b.file_size_limit, b.allowed_mime_types
FROM storage.buckets AS b
WHERE b.id = %s
"""
FIND = """
SELECT o.id, o.bucket_id, o.name, o.version, o.metadata, o.user_metadata,
       o.created_at, o.updated_at
FROM storage.objects AS o
WHERE o.bucket_id = %s
  AND o.name = %s
"""
ADD = """
INSERT INTO storage.objects AS o
    (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
VALUES
    (%(id)s, %(bucket)s, %(name)s, %(owner)s, %(owner_id)s, %(version)s, %(metadata)s,
     %(user_metadata)s)
"""
REPLACE = """
ON CONFLICT (bucket_id, name) DO UPDATE
SET owner = excluded.owner,
    owner_id = excluded.owner_id,
    version = excluded.version,
    metadata = excluded.metadata,
    user_metadata = excluded.user_metadata,
    updated_at = now(),
    last_accessed_at = now()
"""
# Which bytes an upload replaces. Whom row security hides the row from replaces none.
LOCK = """
SELECT o.id, o.version
FROM storage.objects AS o
WHERE o.bucket_id = %s
  AND o.name = %s
FOR UPDATE
"""
WRITTEN = """
SELECT o.id
FROM storage.objects AS o
WHERE o.bucket_id = %s
  AND o.name = %s
"""
DELETE_ONE = """
DELETE FROM storage.objects AS o
WHERE o.bucket_id = %s
  AND o.name = %s
RETURNING o.version
"""
DELETE_MANY = """
WITH gone AS (
    DELETE FROM storage.objects AS o
    WHERE o.bucket_id = %s
      AND o.name = ANY (%s)
    RETURNING o.name, o.bucket_id, o.owner, o.owner_id, o.version, o.id, o.updated_at,
              o.created_at, o.last_accessed_at, o.metadata, o.user_metadata
)
SELECT coalesce(jsonb_agg(to_jsonb(g) ORDER BY g.name), '[]')::text AS rows,
       coalesce(array_agg(g.version) FILTER (WHERE g.version IS NOT NULL), '{}')
           AS versions
FROM gone AS g
"""
MOVE = """
UPDATE storage.objects AS o
SET bucket_id = %(to_bucket)s,
    name = %(to_name)s,
    updated_at = now()
WHERE o.bucket_id = %(bucket)s
  AND o.name = %(name)s
RETURNING o.id
"""
VISIBLE = """
SELECT o.name
FROM storage.objects AS o
WHERE o.bucket_id = %s
  AND o.name = ANY (%s)
"""
LIST = """
WITH below AS (
    SELECT substr(o.name, length(%(prefix)s) + 1) AS rest,
           o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
    FROM storage.objects AS o
    WHERE o.bucket_id = %(bucket)s
      AND starts_with(o.name, %(prefix)s)
),
entries AS (
    SELECT DISTINCT split_part(b.rest, '/', 1) AS name, NULL::uuid AS id,
           NULL::timestamptz AS updated_at, NULL::timestamptz AS created_at,
           NULL::timestamptz AS last_accessed_at, NULL::jsonb AS metadata
    FROM below AS b
    WHERE position('/' IN b.rest) > 0
    UNION ALL
    SELECT b.rest, b.id, b.updated_at, b.created_at, b.last_accessed_at, b.metadata
    FROM below AS b
    WHERE position('/' IN b.rest) = 0
),
page AS (
    SELECT e.name, e.id, e.updated_at, e.created_at, e.last_accessed_at, e.metadata,
           row_number() OVER (
               ORDER BY e.id IS NOT NULL, e.{column} {order}, e.name {order}
           ) AS place
    FROM entries AS e
    WHERE starts_with(lower(e.name), lower(%(search)s))
    ORDER BY place
    LIMIT %(limit)s
    OFFSET %(offset)s
)
SELECT coalesce(jsonb_agg(to_jsonb(p) - 'place' ORDER BY p.place), '[]')::text AS rows
FROM page AS p
"""
# Whether the sweeper's view is whole: what row security hides would pass for an orphan.
SEES_ALL = """
SELECT NOT row_security_active('storage.objects')
       OR coalesce(bool_and(p.permissive = 'PERMISSIVE')
           AND bool_or(p.qual = 'true'), false) AS whole
FROM pg_policies AS p
WHERE p.schemaname = 'storage'
  AND p.tablename = 'objects'
  AND p.cmd IN ('SELECT', 'ALL')
  AND p.roles && ARRAY['public', current_user]::name[]
"""
NAMED = """
SELECT o.version
FROM storage.objects AS o
WHERE o.version = ANY (%s)
"""


class LostError(StorageError):
    """The connection broke: what was asked for may have taken effect."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a bucket takes: bytes at most, and media types; None is no limit."""

    size_limit: int | None
    types: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An object to be written: its row without the bytes' own columns."""

    bucket: str
    name: str
    media_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None


class Rows:
    """The rows of one tenant's objects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bucket(self, identity: Identity, bucket: str) -> Bucket | None:
        """Return the bucket, None for one that the caller does not know of."""
        async with self._acting(identity, "bucket.get") as cursor:
            row = await _one(cursor, BUCKET, [bucket])
        if row is None:
            return None
        return Bucket(row["file_size_limit"], row["allowed_mime_types"])

    async def find(
        self, identity: Identity, bucket: str, name: str, operation: str
    ) -> Row:
        """Return the object's row.

        :raises StorageError: 404 NoSuchKey when the caller does not see one.
        """
        async with self._acting(identity, operation) as cursor:
            row = await _one(cursor, FIND, [bucket, name])
        if row is None:
            raise no_such_key()
        return row

    async def visible(
        self, identity: Identity, bucket: str, names: Sequence[str]
    ) -> set[str]:
        """Return which of the names the caller sees."""
        async with self._acting(identity, "object.sign_many") as cursor:
            return {row["name"] for row in await _all(cursor, VISIBLE, [bucket, names])}

    async def may_write(
        self, identity: Identity, entry: Entry, *, size: int | None, upsert: bool
    ) -> None:
        """Try what an upload will do, and undo it: nobody else's bytes are read.

        :param size: what the caller declared, in bytes.
        :raises StorageError: 403 AccessDenied, 409 Duplicate.
        """
        metadata = {"mimetype": entry.media_type, "contentLength": size}
        values = _values(identity, entry, version="1", metadata=metadata)
        statement = ADD + REPLACE if upsert else ADD
        async with self._acting(identity, "object.upload", undo=True) as cursor:
            await cursor.execute(statement, values)

    async def write(
        self, identity: Identity, entry: Entry, stored: Stored, *, upsert: bool
    ) -> tuple[str, str | None]:
        """Have a row name the stored bytes.

        :returns: the object's id, and the name of the bytes that it had before.
        :raises StorageError: as in `may_write`.
        """
        metadata = {
            "eTag": stored.etag,
            "size": stored.size,
            "mimetype": entry.media_type,
            "cacheControl": entry.cache_control,
            "lastModified": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "contentLength": stored.size,
            "httpStatusCode": 200,
        }
        values = _values(identity, entry, version=stored.name, metadata=metadata)
        place = [entry.bucket, entry.name]
        async with self._acting(identity, "object.upload") as cursor:
            before = await _one(cursor, LOCK, place) if upsert else None
            await cursor.execute(ADD + REPLACE if upsert else ADD, values)
            written = await _one(cursor, WRITTEN, place)
        object_id = values["id"] if written is None else written["id"]
        return str(object_id), before["version"] if before else None

    async def delete(self, identity: Identity, bucket: str, name: str) -> str | None:
        """Delete one row; return the name of its bytes.

        :raises StorageError: 404 NoSuchKey for what the caller does not see, 403
            AccessDenied for what they see and may not delete.
        """
        async with self._acting(identity, "object.delete") as cursor:
            gone = await _one(cursor, DELETE_ONE, [bucket, name])
            if gone is None:
                seen = await _one(cursor, FIND, [bucket, name])
                raise access_denied("Access denied") if seen else no_such_key()
        version: str | None = gone["version"]
        return version

    async def delete_many(
        self, identity: Identity, bucket: str, names: Sequence[str]
    ) -> tuple[bytes, list[str]]:
        """Delete those that the caller may; return their rows and their bytes' names.

        What is refused is simply not among them, as on Supabase.
        """
        async with self._acting(identity, "object.delete_many") as cursor:
            row = await _one(cursor, DELETE_MANY, [bucket, names])
        if row is None:
            raise internal()
        return row["rows"].encode(), row["versions"]

    async def folder(
        self,
        identity: Identity,
        *,
        column: str,
        descending: bool,
        **page: str | int,
    ) -> bytes:
        """Return one folder as JSON: its folders, then its files.

        :param page: bucket, prefix (empty or ending in a slash), search, limit, offset.
        """
        statement = sql.SQL(LIST).format(
            column=sql.Identifier(column),
            order=sql.SQL("DESC" if descending else "ASC"),
        )
        async with self._acting(identity, "object.list") as cursor:
            row = await _one(cursor, statement, page)
        if row is None:
            raise internal()
        rows: str = row["rows"]
        return rows.encode()

    async def move(
        self, identity: Identity, source: tuple[str, str], target: tuple[str, str]
    ) -> str:
        """Give an object (bucket, name) another one; return its id.

        :raises StorageError: as in `delete`, 409 Duplicate for a name that is taken.
        """
        values = {
            "bucket": source[0],
            "name": source[1],
            "to_bucket": target[0],
            "to_name": target[1],
        }
        async with self._acting(identity, "object.move") as cursor:
            moved = await _one(cursor, MOVE, values)
            if moved is None:
                seen = await _one(cursor, FIND, source)
                raise access_denied(REFUSED) if seen else no_such_key()
        return str(moved["id"])

    async def named(self, versions: Sequence[str]) -> set[str]:
        """Return which of the stored names a row names.

        :raises StorageError: 500 unless all rows can be seen.
        """
        async with self._acting(SWEEPER, "object.sweep") as cursor:
            view = await _one(cursor, SEES_ALL, [])
            if view is None or not view["whole"]:
                logger.error("the sweep does not see all rows of storage.objects")
                raise internal()
            return {row["version"] for row in await _all(cursor, NAMED, [versions])}

    @asynccontextmanager
    async def _acting(
        self, identity: Identity, operation: str, *, undo: bool = False
    ) -> AsyncIterator[Cursor]:
        """Run statements as the caller in one transaction; `undo` rolls it back.

        :raises StorageError: for what PostgreSQL refuses.
        """
        context = {
            "timeout": STATEMENT_TIMEOUT,
            "operation": f"storage.{operation}",
            "claims": identity.claims.decode(),
            "role": identity.role,
        }
        try:
            async with (
                self._database.connection() as connection,
                connection.transaction(force_rollback=undo),
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                await cursor.execute(BECOME, context)
                yield cursor
        except psycopg.Error as error:
            raise _refusal(error) from None


async def _one(cursor: Cursor, statement: Query, values: Any) -> Row | None:
    await cursor.execute(statement, values)
    return await cursor.fetchone()


async def _all(cursor: Cursor, statement: Query, values: Any) -> list[Row]:
    await cursor.execute(statement, values)
    return await cursor.fetchall()


def _values(
    identity: Identity, entry: Entry, *, version: str, metadata: dict[str, Any]
) -> dict[str, Any]:
    owner = json.loads(identity.claims).get("sub")
    return {
        "id": uuid.uuid4(),
        "bucket": entry.bucket,
        "name": entry.name,
        "owner": _uuid(owner),
        "owner_id": owner,
        "version": version,
        "metadata": Jsonb(metadata),
        "user_metadata": None
        if entry.user_metadata is None
        else Jsonb(entry.user_metadata),
    }


def _uuid(text: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _refusal(error: psycopg.Error) -> StorageError:
    """Say in Storage's words what PostgreSQL reported."""
    if isinstance(error, errors.InsufficientPrivilege):
        return access_denied(REFUSED)
    if isinstance(error, errors.UniqueViolation):
        return StorageError(
            409, "KeyAlreadyExists", "The resource already exists", error="Duplicate"
        )
    if isinstance(error, errors.ForeignKeyViolation):
        return no_such_bucket()
    if isinstance(error, errors.QueryCanceled | errors.LockNotAvailable):
        return timed_out()
    if isinstance(error, psycopg.DataError):
        return invalid_request("A value cannot be stored")
    if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
        lost = unavailable("Database connection lost")
        return LostError(
            lost.status, lost.code, lost.message, http=lost.http, headers=lost.headers
        )
    if error.sqlstate.startswith("40"):
        return unavailable("The call met another one: repeat it")
    logger.error("database error", extra={"fields": {"code": error.sqlstate}})
    return internal()
