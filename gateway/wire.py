"""uvicorn's HTTP protocol, with the head of an answer and its body in one segment."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Bytes = bytes | bytearray | memoryview
HEAD = b"HTTP/1.1 "


class Protocol(HttpToolsProtocol):
    """Serve HTTP; what uvicorn writes piece by piece leaves together.

    A head that is sent by itself costs a system call more here, and wakes the client
    up for something that it can do nothing with.
    """

    def connection_made(  # type: ignore[override]  # as in uvicorn: HTTP is on streams
        self, transport: asyncio.Transport
    ) -> None:
        """Take a new connection."""
        super().connection_made(Joining(transport, self.loop))


class Joining(asyncio.Transport):
    """The part of a transport that uvicorn uses; a head waits for the body behind it.

    It waits for no longer than the event loop's next turn: an answer may have no body,
    or one that takes its time.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Take the transport to write to, and the loop that it belongs to."""
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._head: Bytes | None = None

    def write(self, data: Bytes) -> None:
        """Write, or keep a head back."""
        if self._head is not None:
            data, self._head = b"".join((self._head, data)), None
        elif data[: len(HEAD)] == HEAD:
            self._head = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def _flush(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)

    def close(self) -> None:
        """Close when all is written."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Say whether it is closed, or about to be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell of the socket."""
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have another protocol take what comes."""
        self._transport.set_protocol(protocol)

    def pause_reading(self) -> None:
        """Take nothing for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take again what comes."""
        self._transport.resume_reading()
