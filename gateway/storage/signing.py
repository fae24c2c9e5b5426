"""Signed URLs: what one person may do with one object, for whoever holds the URL.

Keys are derived from a secret of storage's own, one for each purpose, so that no
signed URL passes for a person's token, nor the reverse, whatever the secrets are.
A URL is good for what its signer may do when it is used, and no longer.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.exceptions import (
    ExpiredSignatureError,
    InvalidSignatureError,
    PyJWTError,
)

from gateway.storage.errors import StorageError
from gateway.tokens import Identity

if TYPE_CHECKING:
    from collections.abc import Callable

ALGORITHM = "HS256"
UPLOAD_SECONDS = 2 * 3600
# What decides who the signer is and where they belong; e-mail and phone stay out of
# what travels in URLs.
KEPT_CLAIMS = ("sub", "role", "tenant_key_alias")

Purpose = Literal["download", "upload"]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a verified URL allows."""

    signer: Identity
    path: str
    expires: int
    upsert: bool


class Signer:
    """Sign and verify URLs of storage objects."""

    def __init__(
        self, secret: bytes, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys: dict[Purpose, bytes] = {
            "download": _derive(secret, b"part-lens storage download url"),
            "upload": _derive(secret, b"part-lens storage upload url"),
        }
        self._clock = clock

    def sign(
        self,
        purpose: Purpose,
        path: str,
        signer: Identity,
        *,
        seconds: int,
        upsert: bool = False,
    ) -> str:
        """Return a token for `bucket/name`, good for so many seconds."""
        now = int(self._clock())
        known = json.loads(signer.claims)
        payload = {
            "url": path,
            "signer": {name: known[name] for name in KEPT_CLAIMS if name in known},
            "upsert": upsert,
            "iat": now,
            "exp": now + seconds,
        }
        return jwt.encode(payload, self._keys[purpose], algorithm=ALGORITHM)

    def verify(self, purpose: Purpose, token: str) -> Grant:
        """Return what a token allows.

        :raises StorageError: 400 InvalidJWT unless it is one of ours, of this purpose,
            and not expired.
        """
        try:
            payload = jwt.decode(
                token,
                self._keys[purpose],
                algorithms=[ALGORITHM],
                options={
                    "require": ["url", "signer", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            # Against the clock that signed.
            if payload["exp"] <= self._clock():
                raise ExpiredSignatureError
            signer = payload["signer"]
            return Grant(
                signer=Identity(signer["role"], json.dumps(signer).encode()),
                path=payload["url"],
                expires=payload["exp"],
                upsert=payload["upsert"],
            )
        except ExpiredSignatureError:
            raise _invalid('"exp" claim timestamp check failed') from None
        except InvalidSignatureError:
            raise _invalid("signature verification failed") from None
        except (PyJWTError, KeyError, TypeError, ValueError):
            raise _invalid("Invalid Compact JWS") from None


def check_path(grant: Grant, path: str) -> None:
    """Hold a grant against the object that is asked for.

    :raises StorageError: 400 InvalidSignature for another one.
    """
    if grant.path != path:
        raise StorageError(400, "InvalidSignature", "Invalid signature")


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def _invalid(message: str) -> StorageError:
    return StorageError(400, "InvalidJWT", message)
