"""The public keys that tokens are signed against: a JWK set in a file or at a URL.

RFC 7517. The set is public, so a symmetric key in it is no secret and is passed over.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from gateway.tasks import end

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("gateway.jwks")

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

RSA_BITS_LEAST = 2048
SIZE_MOST = 256 * 1024  # bytes
KEYS_MOST = 100
# Seconds.
FETCH_TIMEOUT = 5.0
MAX_AGE = 600.0
PAUSE = 10.0
RETRY_LEAST, RETRY_MOST = 0.25, 30.0


class KeySetError(Exception):
    """The key set cannot be had; the text says why, without its address."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the one algorithm that it verifies."""

    algorithm: str
    kid: str | None
    public: PublicKey


class KeySet:
    """The keys of one JWK set, read again from time to time.

    What was read last serves until something newer can be read.
    """

    def __init__(
        self,
        location: str,
        *,
        pause: float = PAUSE,
        max_age: float = MAX_AGE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a path or an http(s) URL.

        :param pause: seconds between two readings that unknown keys may cause.
        :param max_age: seconds after which the set is read again in any case.
        """
        self._location = location
        self._pause = pause
        self._max_age = max_age
        self._clock = clock
        self._lock = asyncio.Lock()
        self._tried = float("-inf")
        self._session: ClientSession | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.keys: tuple[Key, ...] = ()

    async def open(self) -> None:
        """Begin to read; returns at once."""
        self._keeper = asyncio.create_task(self._keep(), name="jwks")

    async def close(self) -> None:
        """Stop to read."""
        await end(self._keeper)
        if self._session is not None:
            await self._session.close()

    async def find(self, algorithm: str, kid: str | None) -> list[Key]:
        """Return the keys that may have signed; a token without a kid tries all.

        An unknown key may be a new one: then the set is read again, but not more often
        than the pause allows, lest made-up names of keys turn into a flood there.
        """
        found = self._known(algorithm, kid)
        now = self._clock()
        if not found and (self._lock.locked() or now - self._tried >= self._pause):
            await self.refresh(older_than=now)
            found = self._known(algorithm, kid)
        return found

    def _known(self, algorithm: str, kid: str | None) -> list[Key]:
        return [
            key
            for key in self.keys
            if key.algorithm == algorithm and (kid is None or key.kid == kid)
        ]

    async def refresh(self, *, older_than: float) -> bool:
        """Read the set unless somebody else has since a moment; say whether it went."""
        async with self._lock:
            if self._tried >= older_than:
                return bool(self.keys)
            try:
                self.keys = await self.read()
            except KeySetError as error:
                logger.warning("key set", extra={"fields": {"reason": str(error)}})
                return False
            finally:
                self._tried = self._clock()
            return True

    async def _keep(self) -> None:
        delay = RETRY_LEAST
        while True:
            try:
                read = await self.refresh(older_than=self._clock())
            # Whatever it is, it must not be the last reading.
            except Exception as error:
                read, reason = False, type(error).__name__
                logger.warning("key set", extra={"fields": {"reason": reason}})
            if read:
                delay = RETRY_LEAST
                await asyncio.sleep(self._max_age)
            else:
                await asyncio.sleep(delay)
                delay = min(delay * 2, RETRY_MOST)

    async def read(self) -> tuple[Key, ...]:
        """Read the set, and leave what is known as it is.

        :raises KeySetError: it cannot be read, or has no key that can be used.
        """
        return parse(await self._read())

    async def _read(self) -> bytes:
        if self._location.startswith(("http://", "https://")):
            return await self._fetch()
        try:
            with Path(self._location).open("rb") as file:
                return _bounded(file.read(SIZE_MOST + 1))
        except OSError as error:
            raise KeySetError(error.strerror or "unreadable") from None

    async def _fetch(self) -> bytes:
        if self._session is None:
            timeout = ClientTimeout(total=FETCH_TIMEOUT)
            self._session = ClientSession(timeout=timeout)
        try:
            async with self._session.get(
                self._location, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise KeySetError(f"answered {answer.status}")
                body = b""
                async for chunk in answer.content.iter_any():
                    body = _bounded(body + chunk)
                return body
        except TimeoutError:
            raise KeySetError("timed out") from None
        except (ClientError, ValueError) as error:
            # Its text may name the address, and that may hold a password.
            raise KeySetError(type(error).__name__) from None


def _bounded(body: bytes) -> bytes:
    if len(body) > SIZE_MOST:
        raise KeySetError(f"has more than {SIZE_MOST} bytes")
    return body


def parse(text: bytes) -> tuple[Key, ...]:
    """Read a JWK set; keys for other purposes are passed over.

    :raises KeySetError: when it is none, or has no key that can be used.
    """
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise KeySetError("is no JSON") from None
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise KeySetError("is no JWK set")
    keys = tuple(filter(None, map(_key, listed[:KEYS_MOST])))
    if not keys:
        raise KeySetError("has no key that can be used")
    return keys


def _key(value: object) -> Key | None:
    if not isinstance(value, dict) or value.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    operations, kid = value.get("key_ops", ["verify"]), value.get("kid")
    if (
        value.get("use", "sig") != "sig"
        or not (isinstance(operations, list) and "verify" in operations)
        or not isinstance(kid, str | None)
    ):
        return None
    try:
        public = PyJWK.from_dict(value).key
    # The last: for an algorithm that has no keys, such as none.
    except (PyJWTError, ValueError, TypeError, KeyError, NotImplementedError):
        return None
    algorithm = _algorithm(public)
    if algorithm is None or value.get("alg", algorithm) != algorithm:
        return None
    return Key(algorithm, kid, public)


def _algorithm(key: object) -> str | None:
    """Return the algorithm that a public key is for; None for any other key."""
    if isinstance(key, rsa.RSAPublicKey):
        return "RS256" if key.key_size >= RSA_BITS_LEAST else None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ES256" if isinstance(key.curve, ec.SECP256R1) else None
    return "EdDSA" if isinstance(key, ed25519.Ed25519PublicKey) else None
