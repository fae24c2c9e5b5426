"""Tokens of the gateway's own, for a PostgREST that has another secret than it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import jwt

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.tokens import Identity

LIFETIME = 60  # seconds
# A token is used until this much is left, which is more than a clock may be off.
RENEWED_WITH = 30
REMEMBERED = 1000


class Signer:
    """Sign what a caller's token said, for a short time."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock
        self._signed: dict[bytes, tuple[int, str]] = {}

    def authorization(self, identity: Identity) -> str:
        """Return the header that proves the caller's claims to the PostgREST.

        Only `exp` is another: whether the caller's own token holds is known here.
        """
        now = int(self._clock())
        expires, header = self._signed.get(identity.claims, (0, ""))
        if expires - now < RENEWED_WITH:
            expires = now + LIFETIME
            claims = {**json.loads(identity.claims), "exp": expires}
            # Not by encode() of jwt, which looks at claims that are none of its matter.
            payload = json.dumps(claims, separators=(",", ":")).encode()
            header = "Bearer " + jwt.PyJWS().encode(payload, self._secret, "HS256")
            self._signed.pop(identity.claims, None)
            if len(self._signed) >= REMEMBERED:
                del self._signed[next(iter(self._signed))]
            self._signed[identity.claims] = (expires, header)
        return header
