"""Statuses with a reason phrase of their own.

A function chooses it with RAISE SQLSTATE 'PT…', and PostgREST sends it. ASGI has no
place for it, so it travels with the number, and the server looks it up there.
"""

from __future__ import annotations

from http.client import responses

LENGTH_MOST = 200


class Phrased(int):
    """A status that is written with `phrase`."""

    phrase: bytes

    def __new__(cls, status: int, phrase: bytes) -> Phrased:
        """Take the status and the text, without what would break its line."""
        self = super().__new__(cls, status)
        self.phrase = bytes(b for b in phrase if b >= 0x20 and b != 0x7F)[:LENGTH_MOST]
        return self

    def __hash__(self) -> int:
        """Differ from the plain number, so that no table's line for that is found."""
        return hash((int(self), self.phrase))


class StatusLines(dict[int, bytes]):
    """uvicorn's table of status lines, with one made for each phrased status."""

    def __missing__(self, status: int) -> bytes:
        """Write the line of a status that is not in the table."""
        phrase = status.phrase if isinstance(status, Phrased) else b""
        return b"HTTP/1.1 %d %s\r\n" % (status, phrase)


def install() -> None:
    """Let uvicorn send the phrases."""
    # Errors have phrases, and only what serves them needs a server.
    from uvicorn.protocols.http import httptools_impl

    httptools_impl.STATUS_LINE = StatusLines(httptools_impl.STATUS_LINE)


def phrased(status: int, phrase: str | None) -> int:
    """Return the status, with its phrase if that is not the usual one."""
    if not phrase:
        return status
    if phrase == responses.get(status):
        return status
    return Phrased(status, phrase.encode(errors="replace"))
