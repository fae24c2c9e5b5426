"""Where the bytes are: a folder, or whatever else fsspec reaches.

A stored name is a version 4 UUID, never anything that a caller chose. Nothing is
written twice: new bytes get a new name, and a row names them once they are durable.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import fsspec.core
from fsspec.implementations.local import LocalFileSystem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

CHUNK = 256 * 1024


class StoreError(Exception):
    """Nothing can be stored at a URL; the text is one line without it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are written and durable: their name, size and entity tag."""

    name: str
    size: int
    etag: str


class Store:
    """One tenant's bytes, under a prefix of its own.

    Calls of fsspec block, so they run in threads.
    """

    def __init__(self, url: str, *, prefix: str) -> None:
        """Take a URL of fsspec.

        :raises StoreError: it knows no such protocol, or needs a package for it.
        """
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            protocol, _, rest = url.partition("://")
            named = f" of protocol {protocol}" if rest else ""
            why = (
                "its package is missing"
                if isinstance(error, ImportError)
                else "fsspec takes none such"
            )
            raise StoreError(f"a URL{named}: {why}") from None
        self._root = f"{root.rstrip('/')}/{prefix}"

    def try_folder(self) -> None:
        """Look whether bytes can be written, where that is a folder.

        :raises StoreError: they cannot.
        """
        if not self._local:
            return
        # Folders are made when there is something to put into them.
        places = (Path(self._root), *Path(self._root).parents)
        there = next(place for place in places if place.exists())
        try:
            TemporaryFile(dir=there).close()
        except OSError as error:
            raise StoreError(f"the folder: {error.strerror}") from None

    async def write(self, chunks: AsyncIterator[bytes]) -> Stored:
        """Write the chunks under a new name; nothing is left of them on failure.

        :raises OSError: the store refuses.
        """
        name = str(uuid.uuid4())
        path = self._path(name)
        digest, size = hashlib.sha256(), 0
        try:
            target = await asyncio.to_thread(self._create, path)
            try:
                async for chunk in chunks:
                    await asyncio.to_thread(target.write, chunk)
                    digest.update(chunk)
                    size += len(chunk)
            finally:
                await asyncio.to_thread(self._close, target)
            await asyncio.to_thread(self._settle, path)
        except BaseException:
            await self.remove(name)
            raise
        return Stored(name, size, f'"{digest.hexdigest()}"')

    async def size(self, name: str) -> int:
        """Return how many bytes are stored under a name.

        :raises FileNotFoundError: none.
        """
        return int(await asyncio.to_thread(self._files.size, self._path(name)))

    async def read(self, name: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Open stored bytes; return those from `start` to `stop`.

        :raises FileNotFoundError: there are none.
        """
        source = await asyncio.to_thread(self._files.open, self._path(name), "rb")
        return _part(source, start, stop)

    async def copy(self, name: str) -> Stored:
        """Write what is stored under a name under a new one.

        :raises FileNotFoundError: there is nothing.
        """
        chunks = await self.read(name, 0, await self.size(name))
        return await self.write(chunks)

    async def remove(self, name: str) -> None:
        """Remove what is stored under a name, if anything is."""
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(self._files.rm_file, self._path(name))

    async def older_than(self, moment: datetime) -> list[str]:
        """Return the names under which nothing was written since a moment."""
        return await asyncio.to_thread(lambda: list(self._older(moment)))

    def _older(self, moment: datetime) -> Iterator[str]:
        # Whatever a listing remembered, it may be of a moment ago.
        self._files.invalidate_cache()
        for path, about in self._files.find(self._root, detail=True).items():
            name = path.rpartition("/")[2]
            if _is_stored_name(name) and self._written(path, about) < moment:
                yield name

    def _written(self, path: str, about: dict[str, Any]) -> datetime:
        given = about.get("mtime") or about.get("LastModified")
        if isinstance(given, int | float):
            return datetime.fromtimestamp(given, UTC)
        written: datetime = given or self._files.modified(path)
        return written if written.tzinfo else written.replace(tzinfo=UTC)

    def _path(self, name: str) -> str:
        if not _is_stored_name(name):
            raise FileNotFoundError(name)
        return f"{self._root}/{name[:2]}/{name}"

    def _create(self, path: str) -> Any:
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        return self._files.open(path, "wb")

    def _close(self, target: Any) -> None:
        if self._local:
            target.flush()
            os.fsync(target.fileno())
        target.close()

    def _settle(self, path: str) -> None:
        """Make the name durable too: in a folder it is an entry of its own."""
        if self._local:
            folder = Path(path).parent
            for directory in (folder, folder.parent, folder.parent.parent):
                descriptor = os.open(directory, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    @property
    def _local(self) -> bool:
        return isinstance(self._files, LocalFileSystem)


async def _part(source: Any, start: int, stop: int) -> AsyncIterator[bytes]:
    try:
        await asyncio.to_thread(source.seek, start)
        left = stop - start
        while left > 0:
            chunk = await asyncio.to_thread(source.read, min(left, CHUNK))
            if not chunk:
                raise OSError("stored bytes are missing")
            left -= len(chunk)
            yield chunk
    finally:
        await asyncio.to_thread(source.close)


def _is_stored_name(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
