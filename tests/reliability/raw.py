"""HTTP by the byte, for what no client library would send."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def connection(url: str, *, timeout: float = 20) -> Iterator[socket.socket]:
    """A connection to the server at `url`."""
    at = urlsplit(url)
    assert at.hostname is not None
    with socket.create_connection((at.hostname, at.port or 80), timeout) as opened:
        yield opened


def head(path: str, token: str, *more: str) -> bytes:
    """The head of a POST with a token, up to its empty line."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Authorization: Bearer {token}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def status(opened: socket.socket) -> int:
    """The status of the next answer; 0 if the server hung up without one."""
    received = b""
    while b"\r\n" not in received:
        chunk = opened.recv(4096)
        if not chunk:
            return 0
        received += chunk
    return int(received.split(b" ", 2)[1])
