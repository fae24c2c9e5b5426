"""How several workers share a port: the kernel deals connections out to them.

On one listening socket, the worker that wakes up first takes every connection that is
there: one of two workers was seen to serve ten clients of ten, and 91 of 100.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import uvloop

if TYPE_CHECKING:
    import asyncio

# Elsewhere the last one to listen would get all of them.
DEALT = sys.platform == "linux"


class Loop(uvloop.Loop):
    """An event loop that listens beside the socket that it is given: socket(7).

    That one is bound by all workers' parent, which has refused a port that is taken;
    nobody listens on it. A worker listens from when it is ready until it ends.
    """

    async def create_server(  # type: ignore[override]  # of which uvicorn uses one
        self,
        *args: Any,
        sock: socket.socket | None = None,
        **kwargs: Any,
    ) -> asyncio.AbstractServer:
        """Serve as `asyncio.loop.create_server` has it."""
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            address, sock = sock.getsockname(), socket.socket(sock.family)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            # Connections of a gateway that is gone may linger, of one worker's too.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
        return await super().create_server(*args, sock=sock, **kwargs)
