"""A relay in front of a server, which sees the connections that are made to it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

# Bytes; the answers that are held back are larger than their heads.
HEAD_MOST = 2048


@dataclass
class Relay:
    """What passed; while `open` is not set, only the first bytes of an answer pass."""

    url: str = ""
    connections: int = 0
    open: threading.Event = field(default_factory=threading.Event)
    sockets: list[socket.socket] = field(default_factory=list, repr=False)

    def cut(self) -> None:
        """End all connections."""
        for end in self.sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(url: str) -> Iterator[Relay]:
    """Pass everything between a loopback port and the server at `url`."""
    place = urlsplit(url)
    relay = Relay()
    relay.open.set()
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay.url = f"http://127.0.0.1:{server.getsockname()[1]}"

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                relay.connections += 1
                upstream = socket.create_connection((place.hostname, place.port))
                relay.sockets.extend((client, upstream))
                for source, target, held in (
                    (client, upstream, False),
                    (upstream, client, True),
                ):
                    threading.Thread(
                        target=_pass, args=(relay, source, target, held), daemon=True
                    ).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.open.set()
            relay.cut()
            for end in relay.sockets:
                end.close()
            # A close alone does not wake who waits in accept.
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _pass(
    relay: Relay, source: socket.socket, target: socket.socket, held: bool
) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
            # A head may come alone, before the body that shows that it came.
            if held and len(data) > HEAD_MOST:
                relay.open.wait(20)
        target.shutdown(socket.SHUT_WR)
