"""Who a bearer token says that its holder is."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import jwt
import pytest

from gateway.errors import ApiError
from gateway.tokens import ANONYMOUS, CACHE_SIZE, Identity, Tokens

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000
# JSON that nobody's recursion gets to the bottom of.
DEEP = base64.urlsafe_b64encode(b"[" * 30_000).decode()


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def verify(token: str, *, audience: str | None = "authenticated") -> Identity:
    tokens = Tokens([SECRET], audience=audience, clock=Clock())
    return identify(tokens, f"Bearer {token}".encode())


def identify(tokens: Tokens, authorization: bytes | None) -> Identity:
    return asyncio.run(tokens.identify(authorization))


def sign(claims: dict[str, Any], **more: Any) -> str:
    good = {"role": "authenticated", "exp": NOW + 60}
    return jwt.encode({**good, **claims}, SECRET, **{"algorithm": "HS256", **more})


def refusal(token: str, **more: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        verify(token, **more)
    return error.value


def test_no_header_is_nobody() -> None:
    assert identify(Tokens([SECRET], audience=None), None) is ANONYMOUS


def test_another_scheme_is_nobody() -> None:
    assert identify(Tokens([SECRET], audience=None), b"Basic YTpi") is ANONYMOUS


def test_claims_are_passed_on_with_the_role() -> None:
    identity = verify(jwt.encode({"exp": NOW + 60, "sub": "x"}, SECRET, "HS256"))
    assert identity.role == "anon"
    assert json.loads(identity.claims) == {"exp": NOW + 60, "sub": "x", "role": "anon"}


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_the_known_roles_are_accepted(role: str) -> None:
    assert verify(sign({"role": role})).role == role


@pytest.mark.parametrize("role", ["postgres", "pms_owner", "", None, 3, ["anon"], {}])
def test_any_other_role_is_unauthorized(role: object) -> None:
    error = refusal(sign({"role": role}))
    assert (error.status, error.code) == (401, "22023")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": NOW - 31}, "JWT expired"),
        ({"exp": None}, "The JWT 'exp' claim must be a number"),
        ({"exp": "1900000000"}, "The JWT 'exp' claim must be a number"),
        ({"exp": NOW + 60.5}, "The JWT 'exp' claim must be a number"),
        ({"exp": True}, "The JWT 'exp' claim must be a number"),
        ({"nbf": NOW + 31}, "JWT not yet valid"),
        ({"nbf": 1.5}, "The JWT 'nbf' claim must be a number"),
        ({"iat": NOW + 31}, "JWT issued at future"),
        ({"iat": "x"}, "The JWT 'iat' claim must be a number"),
        ({"aud": "other"}, "JWT not in audience"),
        ({"aud": ["a", "b"]}, "JWT not in audience"),
        ({"aud": 3}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": [3]}, "The JWT 'aud' claim must be a string or an array of strings"),
    ],
)
def test_claims_that_do_not_hold_are_refused(
    claims: dict[str, Any], message: str
) -> None:
    # PyJWT will not write some of these: they are signed as text.
    payload = json.dumps({"role": "authenticated", "exp": NOW + 60, **claims}).encode()
    error = refusal(jwt.PyJWS().encode(payload, SECRET, "HS256"))
    assert (error.status, error.code, error.message) == (401, "PGRST303", message)
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    assert (b"www-authenticate", challenge.encode()) in error.headers


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 30},
        {"nbf": NOW + 30},
        {"iat": NOW + 30},
        {"aud": None},
        {"aud": []},
        {"aud": "authenticated"},
        {"aud": ["x", "authenticated"]},
    ],
)
def test_claims_within_leeway_and_audience_are_accepted(
    claims: dict[str, Any],
) -> None:
    assert verify(sign(claims)).role == "authenticated"


def test_without_a_configured_audience_any_is_accepted() -> None:
    assert verify(sign({"aud": "other"}), audience=None).role == "authenticated"


def test_another_secret_is_no_suitable_key() -> None:
    error = refusal(jwt.encode({"exp": NOW + 60}, b"x" * 32, "HS256"))
    assert (error.code, error.message) == (
        "PGRST301",
        "No suitable key or wrong key type",
    )


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_only_the_pinned_algorithm_is_accepted(algorithm: str) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode())
    payload = sign({}).split(".")[1]
    error = refusal(f"{header.decode().rstrip('=')}.{payload}.c2ln")
    assert (error.code, error.message) == (
        "PGRST301",
        "Wrong or unsupported encoding algorithm",
    )


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "Empty JWT is sent in Authorization header"),
        ("abc", "Expected 3 parts in JWT; got 1"),
        ("a.b", "Expected 3 parts in JWT; got 2"),
        ("a.b.c.d.e", "Expected 3 parts in JWT; got 5"),
        ("a.b.c", "JWT cryptographic operation failed"),
        ("\xff.b.c", "JWT cryptographic operation failed"),
        (f"{DEEP}.{DEEP}.c2ln", "JWT cryptographic operation failed"),
    ],
)
def test_what_is_no_token_is_refused(token: str, message: str) -> None:
    error = refusal(token)
    assert (error.status, error.code, error.message) == (401, "PGRST301", message)


def test_a_payload_that_is_no_object_is_refused() -> None:
    error = refusal(jwt.PyJWS().encode(b"[1]", SECRET, "HS256"))
    assert (error.code, error.message) == ("PGRST303", "Parsing claims failed")


def test_a_remembered_token_still_expires() -> None:
    clock = Clock()
    tokens = Tokens([SECRET], audience=None, clock=clock)
    header = f"Bearer {sign({})}".encode()
    assert identify(tokens, header) is identify(tokens, header)
    clock.now = NOW + 60 + 31
    with pytest.raises(ApiError, match="PGRST303"):
        identify(tokens, header)


def test_a_remembered_token_is_not_used_before_its_time() -> None:
    """A clock may be set back."""
    clock = Clock()
    tokens = Tokens([SECRET], audience=None, clock=clock)
    header = f"Bearer {sign({'nbf': NOW})}".encode()
    identify(tokens, header)
    clock.now = NOW - 31
    assert tokens.recall(header) is None
    with pytest.raises(ApiError, match="PGRST303"):
        identify(tokens, header)


def test_refused_tokens_are_not_remembered() -> None:
    tokens = Tokens([SECRET], audience=None, clock=Clock())
    with pytest.raises(ApiError):
        identify(tokens, b"Bearer a.b.c")
    assert tokens.recall(b"Bearer a.b.c") is None


def test_two_secrets_hold_while_they_are_changed() -> None:
    other = b"another secret of the same length"
    tokens = Tokens([SECRET, other], audience=None, clock=Clock())
    for secret in (SECRET, other):
        token = jwt.encode({"exp": NOW + 60, "role": "authenticated"}, secret, "HS256")
        assert identify(tokens, f"Bearer {token}".encode()).role == "authenticated"
    with pytest.raises(ApiError, match="PGRST301"):
        identify(
            Tokens([other], audience=None, clock=Clock()),
            f"Bearer {sign({})}".encode(),
        )


def test_a_long_token_is_verified_each_time() -> None:
    tokens = Tokens([SECRET], audience=None, clock=Clock())
    header = f"Bearer {sign({'n': 'x' * 10_000})}".encode()
    identify(tokens, header)
    assert tokens.recall(header) is None


def test_the_memory_for_tokens_is_bounded() -> None:
    tokens = Tokens([SECRET], audience=None, clock=Clock())
    headers = [f"Bearer {sign({'n': n})}".encode() for n in range(CACHE_SIZE + 1)]
    first = identify(tokens, headers[0])
    for header in headers[1:]:
        identify(tokens, header)
    assert identify(tokens, headers[0]) is not first
    assert identify(tokens, headers[-1]) is identify(tokens, headers[-1])
