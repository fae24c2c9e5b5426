"""Who calls: bearer tokens, with PostgREST 16's refusals."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jwt import PyJWS
from jwt.exceptions import InvalidSignatureError, PyJWTError

from gateway.errors import CHALLENGE, ApiError, unavailable
from gateway.settings import HMAC

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.jwks import KeySet, PublicKey

ROLES = frozenset({"anon", "authenticated", "service_role"})
ANONYMOUS_ROLE = "anon"
LEEWAY = 30  # seconds
CACHE_SIZE = 1000
# Nobody needs longer ones, and they would take much memory.
CACHED_MOST = 8192


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller: the database role and the claims as JSON.

    `begins` and `expires` are seconds since 1970, None without a bound.
    """

    role: str
    claims: bytes
    expires: int | None = None
    begins: int | None = None

    @property
    def anonymous(self) -> bool:
        """Say whether nobody in particular calls."""
        return self.role == ANONYMOUS_ROLE


ANONYMOUS = Identity(ANONYMOUS_ROLE, b'{"role":"anon"}')


class Tokens:
    """Verify bearer tokens; remember the good ones until they expire."""

    def __init__(
        self,
        secrets: Sequence[bytes],
        *,
        audience: str | None,
        algorithms: Sequence[str] = (HMAC,),
        keys: KeySet | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what tokens may be signed with.

        Secrets serve HS256 alone, and the key set all other algorithms: which it is
        says the token, and so a public key must never stand in for a secret.
        """
        self._secrets = tuple(secrets)
        self._keys = keys
        self._audience = audience
        self._clock = clock
        self._algorithms = tuple(algorithms)
        self._jws = PyJWS(algorithms=list(algorithms))
        self._verified: dict[bytes, Identity] = {}
        self._verified_with: object = ()

    async def open(self) -> None:
        """Begin to read the key set, if there is one."""
        if self._keys is not None:
            await self._keys.open()

    async def close(self) -> None:
        """Stop to read the key set."""
        if self._keys is not None:
            await self._keys.close()

    def __len__(self) -> int:
        """Count the tokens that are remembered."""
        return len(self._verified)

    @property
    def ready(self) -> bool:
        """Say whether there is something to verify tokens with."""
        return self._keys is None or bool(self._keys.keys)

    def recall(self, authorization: bytes | None) -> Identity | None:
        """Return the caller whose token was verified before, and holds still."""
        if authorization is None:
            return ANONYMOUS
        if self._keys is not None and self._verified_with is not self._keys.keys:
            # A key that was taken back takes its tokens along.
            self._verified.clear()
            self._verified_with = self._keys.keys
        if (identity := self._verified.get(authorization)) is None:
            return None
        now = self._clock()
        if (identity.expires is None or identity.expires >= now - LEEWAY) and (
            identity.begins is None or identity.begins <= now + LEEWAY
        ):
            return identity
        del self._verified[authorization]
        return None

    async def identify(self, authorization: bytes | None) -> Identity:
        """Return the caller that an Authorization header proves.

        :raises ApiError: 401 PGRST301 for a token that cannot be read, PGRST303
            for claims that do not hold; 503 while there are no keys to read it with.
        """
        if (known := self.recall(authorization)) is not None:
            return known
        # At any white space, like PostgREST.
        scheme, *rest = (authorization or b"").split(None, 1) or [b""]
        if scheme.lower() != b"bearer":
            return ANONYMOUS
        keys = self._keys.keys if self._keys is not None else None
        identity = self._identity(await self._payload(b"".join(rest).strip()))
        unchanged = self._keys is None or self._keys.keys is keys
        if authorization and len(authorization) <= CACHED_MOST and unchanged:
            if len(self._verified) >= CACHE_SIZE:
                del self._verified[next(iter(self._verified))]
            self._verified[authorization] = identity
        return identity

    async def _payload(self, token: bytes) -> bytes:
        """Return what is signed.

        :raises ApiError: 401 PGRST301.
        """
        if not token:
            raise _unreadable("Empty JWT is sent in Authorization header")
        if (parts := token.count(b".") + 1) != 3:
            raise _unreadable(f"Expected 3 parts in JWT; got {parts}")
        try:
            header = self._jws.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in self._algorithms:
                raise _unreadable(
                    "Wrong or unsupported encoding algorithm",
                    details="Accepted are " + ", ".join(self._algorithms),
                )
            for key in await self._candidates(algorithm, kid):
                try:
                    return bytes(self._jws.decode(token, key, algorithms=[algorithm]))
                except InvalidSignatureError:
                    continue
        except (PyJWTError, ValueError, RecursionError):
            raise _unreadable("JWT cryptographic operation failed") from None
        raise _unreadable(
            "No suitable key or wrong key type",
            details="None of the keys was able to decode the JWT",
        )

    async def _candidates(
        self, algorithm: str, kid: str | None
    ) -> Sequence[bytes | PublicKey]:
        if algorithm == HMAC:
            return self._secrets
        if self._keys is None:
            return ()
        found = await self._keys.find(algorithm, kid)
        if not self._keys.keys:
            raise unavailable(
                "jwks_unavailable", "The keys for tokens cannot be read for now"
            )
        return [key.public for key in found]

    def _identity(self, payload: bytes) -> Identity:
        claims = _parse(payload)
        self._check(claims)
        role = claims.setdefault("role", ANONYMOUS_ROLE)
        if not (isinstance(role, str) and role in ROLES):
            name = role if isinstance(role, str) else json.dumps(role)
            raise ApiError(
                401,
                "22023",
                f'role "{name}" does not exist',
                headers=[CHALLENGE],
            )
        compact = _compact(claims)
        begins = max(claims.get("nbf") or 0, claims.get("iat") or 0)
        return Identity(role, compact, claims["exp"], begins)

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
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise _refused("Parsing claims failed")
    return claims


def _compact(claims: dict[str, Any]) -> bytes:
    """Write claims for PostgreSQL.

    :raises ApiError: 401 PGRST303 for what only Python takes for JSON: numbers that are
        none or too large for it, halves of characters.
    """
    try:
        return json.dumps(
            claims, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except (ValueError, RecursionError):
        raise _refused("Parsing claims failed") from None


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
