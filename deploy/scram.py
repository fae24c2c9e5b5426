"""What PostgreSQL keeps of a password: a SCRAM-SHA-256 verifier (RFC 5802, RFC 7677).

libpq makes one too, of 4,096 rounds and no other number.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode

_SALT_BYTES = 16


def verifier(password: bytes, *, rounds: int) -> bytes:
    """Hash a password of ASCII characters, as CREATE ROLE … PASSWORD takes it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, rounds)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    written = [b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return "SCRAM-SHA-256${}:{}${}:{}".format(rounds, *written).encode()
