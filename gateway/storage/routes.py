"""From a storage call's path to what it asks for."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from gateway.storage.errors import (
    StorageError,
    invalid_request,
    no_such_bucket,
    unknown_route,
)
from gateway.storage.messages import (
    answer,
    checked_name,
    number,
    segments,
    string,
    strings,
)
from gateway.storage.rows import SORTED_BY
from gateway.tasks import end

if TYPE_CHECKING:
    from gateway.database import Database
    from gateway.messages import Response
    from gateway.storage.messages import StorageRequest
    from gateway.storage.objects import Objects
    from gateway.storage.signing import Grant
    from gateway.tokens import Identity

logger = logging.getLogger("gateway.storage")

NAMES_MOST = 1000
LIST_MOST = 1000
SWEEP_EVERY = 6 * 3600  # seconds
SWEEP_AGAIN = 5  # seconds, while the database is not to be had


class ObjectStorage:
    """Answer the object calls of one tenant."""

    def __init__(self, objects: Objects, *, database: Database | None = None) -> None:
        """Serve them.

        :param database: given to open and close, where no route does.
        """
        self._objects = objects
        self._database = database
        self._sweeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to sweep."""
        if self._database is not None:
            await self._database.open()
        self._sweeper = asyncio.create_task(self._sweep(), name="storage sweep")

    async def close(self) -> None:
        """Stop sweeping."""
        await end(self._sweeper)
        if self._database is not None:
            await self._database.close()

    async def sweep(self) -> int:
        """Remove bytes that no row names; see `Objects.sweep`."""
        return await self._objects.sweep()

    async def _sweep(self) -> None:
        while True:
            pause: float = SWEEP_EVERY
            try:
                removed = await self._objects.sweep()
                if removed:
                    fields = {"removed": removed}
                    logger.info("orphans swept", extra={"fields": fields})
            # Whatever it is, it must not end the gateway.
            except Exception as error:
                pause = SWEEP_AGAIN
                reason = type(error).__name__
                logger.warning("sweep failed", extra={"fields": {"reason": reason}})
            await asyncio.sleep(pause)

    async def respond(
        self, request: StorageRequest, identity: Identity, grant: Grant | None
    ) -> Response:
        """Answer one call.

        :param grant: what a signed URL allows, whose signer `identity` then is.
        :raises StorageError: for what is refused.
        """
        root, *parts = segments(request.path)
        if root != "object":
            raise unknown_route(request.method, request.path)
        if grant is not None:
            return await self._signed(request, identity, grant)
        if request.method in ("GET", "HEAD"):
            return await self._read(request, identity, parts)
        if request.header(b"authorization") is None:
            raise invalid_request("headers must have required property 'authorization'")
        return await self._change(request, identity, parts)

    async def _signed(
        self, request: StorageRequest, identity: Identity, grant: Grant
    ) -> Response:
        parts = grant.path.split("/")
        if request.method == "PUT":
            return await self._upload(request, identity, parts, upsert=grant.upsert)
        return await self._objects.download(
            request,
            identity,
            _place(parts),
            operation="object.get_signed",
            expires=grant.expires,
        )

    async def _read(
        self, request: StorageRequest, identity: Identity, parts: list[str]
    ) -> Response:
        match parts:
            case ["public", _, _, *_] | ["info", "public", _, _, *_]:
                # No bucket of ours is public.
                raise no_such_bucket()
            case ["info", "authenticated", bucket, _, *_] if request.method == "GET":
                place, info = (bucket, parts[3:]), True
            case ["info", bucket, _, *_] if request.method == "GET":
                place, info = (bucket, parts[2:]), True
            case ["authenticated", bucket, _, *_]:
                place, info = (bucket, parts[2:]), False
            case [bucket, _, *_]:
                place, info = (bucket, parts[1:]), False
            case _:
                raise unknown_route(request.method, request.path)
        if identity.anonymous:
            raise no_such_bucket()
        found = _place([place[0], *place[1]])
        if info:
            return answer(await self._objects.info(identity, found))
        return await self._objects.download(
            request, identity, found, operation="object.get_authenticated"
        )

    async def _change(
        self, request: StorageRequest, identity: Identity, parts: list[str]
    ) -> Response:
        match [request.method, *parts]:
            case ["POST", *_]:
                return await self._post(request, identity, parts)
            case ["PUT", _, _, *_]:
                # It creates what is not there yet, as on Supabase.
                return await self._upload(request, identity, parts, upsert=True)
            case ["DELETE", bucket]:
                names = strings(await request.json(), "prefixes", most=NAMES_MOST)
                gone = await self._objects.remove_many(identity, bucket, names)
                return answer(gone)
            case ["DELETE", _, _, *_]:
                await self._objects.remove(identity, _place(parts))
                return answer({"message": "Successfully deleted"})
        raise unknown_route(request.method, request.path)

    async def _post(
        self, request: StorageRequest, identity: Identity, parts: list[str]
    ) -> Response:
        upsert = request.header(b"x-upsert") == b"true"
        match parts:
            case ["move"]:
                return await self._move(request, identity)
            case ["copy"]:
                return await self._copy(request, identity, upsert=upsert)
            case ["list", bucket]:
                return await self._list(request, identity, bucket)
            case ["sign", bucket]:
                return await self._sign_many(request, identity, bucket)
            case ["sign", _, _, *_]:
                return await self._sign(request, identity, _place(parts[1:]))
            case ["upload", "sign", _, _, *_]:
                place = _place(parts[2:])
                signed = await self._objects.sign_upload(identity, place, upsert=upsert)
                return answer(signed)
            case ["list-v2", _] | [_] | []:
                raise unknown_route(request.method, request.path)
        return await self._upload(request, identity, parts, upsert=upsert)

    async def _upload(
        self,
        request: StorageRequest,
        identity: Identity,
        parts: list[str],
        *,
        upsert: bool,
    ) -> Response:
        place = _place(parts)
        return answer(
            await self._objects.upload(request, identity, place, upsert=upsert)
        )

    async def _move(self, request: StorageRequest, identity: Identity) -> Response:
        source, target = await _both(request)
        moved = await self._objects.move(identity, source, target)
        return answer(
            {"message": "Successfully moved", "Id": moved, "Key": "/".join(target)}
        )

    async def _copy(
        self, request: StorageRequest, identity: Identity, *, upsert: bool
    ) -> Response:
        source, target = await _both(request)
        return answer(await self._objects.copy(identity, source, target, upsert=upsert))

    async def _list(
        self, request: StorageRequest, identity: Identity, bucket: str
    ) -> Response:
        body = await request.json()
        prefix = string(body, "prefix")
        sort = body.get("sortBy") or {}
        if not isinstance(sort, dict):
            raise invalid_request("body/sortBy must be object")
        column = string(sort, "column", "name")
        order = string(sort, "order", "asc")
        if column not in SORTED_BY or order not in ("asc", "desc"):
            raise invalid_request("body/sortBy names no column and order to sort by")
        return answer(
            await self._objects.folder(
                identity,
                bucket=bucket,
                prefix=prefix + "/" if prefix and prefix[-1] != "/" else prefix,
                search=string(body, "search", ""),
                limit=min(number(body, "limit", 100, least=1), LIST_MOST),
                offset=number(body, "offset", 0),
                column=column,
                descending=order == "desc",
            )
        )

    async def _sign(
        self, request: StorageRequest, identity: Identity, place: tuple[str, str]
    ) -> Response:
        body = await request.json()
        if body.get("transform"):
            raise StorageError(
                409,
                "FeatureNotEnabled",
                "The feature imageTransformation is not enabled for this resource",
            )
        seconds = number(body, "expiresIn", least=1)
        url = await self._objects.sign(identity, place, seconds)
        return answer({"signedURL": url})

    async def _sign_many(
        self, request: StorageRequest, identity: Identity, bucket: str
    ) -> Response:
        body = await request.json()
        names = strings(body, "paths", most=NAMES_MOST)
        seconds = number(body, "expiresIn", least=1)
        return answer(await self._objects.sign_many(identity, bucket, names, seconds))


def _place(parts: list[str]) -> tuple[str, str]:
    bucket, *name = parts
    return bucket, checked_name("/".join(name))


async def _both(request: StorageRequest) -> tuple[tuple[str, str], tuple[str, str]]:
    body: dict[str, Any] = await request.json()
    bucket = string(body, "bucketId")
    return (
        (bucket, checked_name(string(body, "sourceKey"))),
        (
            string(body, "destinationBucket", bucket),
            checked_name(string(body, "destinationKey")),
        ),
    )
