"""Cross-origin requests, answered as PostgREST answers them."""

from __future__ import annotations

from gateway.messages import Headers, Response

METHODS = b"GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
ASKABLE = frozenset(METHODS.split(b", "))
ALWAYS_ALLOWED = (b"Accept", b"Accept-Language", b"Content-Language")
EXPOSED = (
    b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location,"
    b" Server, Transfer-Encoding, Range-Unit"
)
MAX_AGE = b"86400"  # seconds, a day


class Cors:
    """Say which origins may read answers: all, or those that are listed."""

    def __init__(self, origins: tuple[str, ...] = ()) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def preflight(
        self, origin: bytes, *, method: bytes | None, headers: bytes | None
    ) -> Response | None:
        """Answer what a browser asks before it calls; None if it asks nothing of us.

        :param method: what Access-Control-Request-Method says, `headers` likewise.
        """
        allowed = self._allowed(origin)
        if not allowed or method not in ASKABLE:
            return None
        answer = [*allowed, (b"access-control-allow-methods", METHODS)]
        if headers is not None:
            asked = [name.strip() for name in headers.split(b",")]
            names = b", ".join((b"Authorization", *asked, *ALWAYS_ALLOWED))
            answer.append((b"access-control-allow-headers", names))
        answer.append((b"access-control-max-age", MAX_AGE))
        answer.append((b"content-length", b"0"))
        return Response(200, answer)

    def headers(self, origin: bytes) -> Headers:
        """Return what lets a page of `origin` read the answer."""
        allowed = self._allowed(origin)
        if allowed:
            allowed.append((b"access-control-expose-headers", EXPOSED))
        return allowed

    def _allowed(self, origin: bytes) -> Headers:
        if not self._origins:
            return [(b"access-control-allow-origin", b"*")]
        if origin not in self._origins:
            return []
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            # A cache must not hand one page's answer to another's.
            (b"vary", b"Origin"),
        ]
