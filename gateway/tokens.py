"""Who calls: HS256 bearer tokens, with PostgREST 16's refusals."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jwt import PyJWS
from jwt.exceptions import (
    InvalidAlgorithmError,
    InvalidSignatureError,
    PyJWTError,
)

from gateway.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

ALGORITHM = "HS256"
ROLES = frozenset({"anon", "authenticated", "service_role"})
ANONYMOUS_ROLE = "anon"
LEEWAY = 30
CACHE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller: the database role and the claims as JSON."""

    role: str
    claims: bytes
    expires: int | None = None

    @property
    def anonymous(self) -> bool:
        """Say whether nobody in particular calls."""
        return self.role == ANONYMOUS_ROLE


ANONYMOUS = Identity(ANONYMOUS_ROLE, b'{"role":"anon"}')


class Tokens:
    """Verify bearer tokens; remember the good ones until they expire."""

    def __init__(
        self,
        secret: bytes,
        *,
        audience: str | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret = secret
        self._audience = audience
        self._clock = clock
        self._jws = PyJWS(algorithms=[ALGORITHM])
        self._verified: dict[bytes, Identity] = {}

    def identify(self, authorization: bytes | None) -> Identity:
        """Return the caller that an Authorization header proves.

        :raises ApiError: 401 PGRST301 for a token that cannot be read, PGRST303
            for claims that do not hold.
        """
        if authorization is None:
            return ANONYMOUS
        if (identity := self._verified.get(authorization)) is not None:
            if identity.expires is None or identity.expires >= self._clock() - LEEWAY:
                return identity
            del self._verified[authorization]
        scheme, _, token = authorization.partition(b" ")
        if scheme not in (b"Bearer", b"bearer"):
            return ANONYMOUS
        identity = self._verify(token.strip())
        if len(self._verified) >= CACHE_SIZE:
            del self._verified[next(iter(self._verified))]
        self._verified[authorization] = identity
        return identity

    def _verify(self, token: bytes) -> Identity:
        if not token:
            raise _unreadable("Empty JWT is sent in Authorization header")
        if (parts := token.count(b".") + 1) != 3:
            raise _unreadable(f"Expected 3 parts in JWT; got {parts}")
        try:
            payload = self._jws.decode(token, self._secret, algorithms=[ALGORITHM])
        except InvalidSignatureError:
            raise _unreadable(
                "No suitable key or wrong key type",
                details="None of the keys was able to decode the JWT",
            ) from None
        except InvalidAlgorithmError:
            raise _unreadable(
                "Wrong or unsupported encoding algorithm",
                details=f"The only accepted algorithm is {ALGORITHM}",
            ) from None
        except (PyJWTError, ValueError):
            raise _unreadable("JWT cryptographic operation failed") from None
        claims = _parse(payload)
        self._check(claims)
        role = claims.setdefault("role", ANONYMOUS_ROLE)
        if not (isinstance(role, str) and role in ROLES):
            name = role if isinstance(role, str) else json.dumps(role)
            raise ApiError(
                401,
                "22023",
                f'role "{name}" does not exist',
                headers=[(b"www-authenticate", b"Bearer")],
            )
        compact = json.dumps(claims, separators=(",", ":")).encode()
        return Identity(role, compact, claims["exp"])

    def _check(self, claims: dict[str, Any]) -> None:
        now = int(self._clock())
        for name in ("exp", "nbf", "iat"):
            value = claims.get(name)
            absent = value is None and name != "exp"
            # bool is an int to Python and a forged clock to us.
            if not absent and type(value) is not int:
                raise _refused(f"The JWT '{name}' claim must be a number")
        if claims["exp"] < now - LEEWAY:
            raise _refused("JWT expired")
        if (claims.get("nbf") or 0) > now + LEEWAY:
            raise _refused("JWT not yet valid")
        if (claims.get("iat") or 0) > now + LEEWAY:
            raise _refused("JWT issued at future")
        self._check_audience(claims.get("aud"))

    def _check_audience(self, audience: object) -> None:
        named = [audience] if isinstance(audience, str) else audience
        if named is None:
            return
        if not (isinstance(named, list) and all(isinstance(a, str) for a in named)):
            raise _refused(
                "The JWT 'aud' claim must be a string or an array of strings"
            )
        if named and self._audience is not None and self._audience not in named:
            raise _refused("JWT not in audience")


def _parse(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise _refused("Parsing claims failed")
    return claims


def _unreadable(message: str, *, details: str | None = None) -> ApiError:
    return _unauthorized("PGRST301", message, details)


def _refused(message: str) -> ApiError:
    return _unauthorized("PGRST303", message, None)


def _unauthorized(code: str, message: str, details: str | None) -> ApiError:
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    return ApiError(
        401,
        code,
        message,
        details=details,
        headers=[(b"www-authenticate", challenge.encode())],
    )
