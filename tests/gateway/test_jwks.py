"""Tokens that are signed with keys of a published set."""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from deploy.process import free_port
from gateway import jwks
from gateway.errors import ApiError
from gateway.jwks import SIZE_MOST, KeySet, KeySetError, parse
from gateway.tokens import Tokens

from .conftest import SECRET
from .waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
EC = ec.generate_private_key(ec.SECP256R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
ALL = ("RS256", "ES256", "EdDSA")


def public(key: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    """A private key's public half as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        written = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        written = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        written = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return written | ({"kid": kid} if kid else {}) | more


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


GOOD = key_set(public(RSA, "r"), public(EC, "e"), public(ED, "d"))


def sign(key: Any, algorithm: str, kid: str | None = None, **claims: Any) -> bytes:
    good = {"role": "authenticated", "exp": int(time.time()) + 60}
    headers = {"kid": kid} if kid else None
    token = jwt.encode(good | claims, key, algorithm=algorithm, headers=headers)
    return f"Bearer {token}".encode()


class Publisher:
    """Where a key set is published; a test changes what it answers."""

    def __init__(self) -> None:
        self.body = GOOD
        self.status = 200
        self.delay = threading.Event()
        self.slow = False
        self.asked = 0


@contextmanager
def published(port: int = 0) -> Iterator[tuple[Publisher, str]]:
    """Publish on a loopback port."""
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.asked += 1
            if publisher.slow:
                publisher.delay.wait(10)
            self.send_response(publisher.status)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.send_header("content-length", str(len(publisher.body)))
            self.end_headers()
            try:
                self.wfile.write(publisher.body)
            except OSError:
                return

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield publisher, f"http://127.0.0.1:{server.server_port}/keys?secret=hush"
        finally:
            publisher.delay.set()
            server.shutdown()
            thread.join()


def run(location: str, test: Callable[[Tokens, KeySet], Any], **more: Any) -> None:
    """Run a test with tokens whose key set has been read once."""

    async def inside() -> None:
        keys = KeySet(location, **{"pause": 0.0, **more})
        tokens = Tokens(
            [SECRET.encode()], audience=None, algorithms=["HS256", *ALL], keys=keys
        )
        await keys.refresh(older_than=time.monotonic())
        try:
            await test(tokens, keys)
        finally:
            await tokens.close()

    asyncio.run(inside())


async def refusal(tokens: Tokens, authorization: bytes) -> ApiError:
    with pytest.raises(ApiError) as error:
        await tokens.identify(authorization)
    return error.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_bytes(GOOD)
    return path


def test_each_algorithm_is_verified(file: Path) -> None:
    async def test(tokens: Tokens, _: KeySet) -> None:
        for key, algorithm, kid in (
            (RSA, "RS256", "r"),
            (EC, "ES256", "e"),
            (ED, "EdDSA", "d"),
            (EC, "ES256", None),
            (SECRET, "HS256", None),
        ):
            identity = await tokens.identify(sign(key, algorithm, kid, sub="x"))
            assert json.loads(identity.claims)["sub"] == "x"

    run(str(file), test)


def test_another_key_is_not_suitable(file: Path) -> None:
    """Also under the right name, and the right key under the name of another."""

    async def test(tokens: Tokens, _: KeySet) -> None:
        for key, algorithm, kid in (
            (OTHER_EC, "ES256", "e"),
            (OTHER_EC, "ES256", None),
            (EC, "ES256", "no such key"),
            (EC, "ES256", "r"),
        ):
            error = await refusal(tokens, sign(key, algorithm, kid))
            assert (error.code, error.message) == (
                "PGRST301",
                "No suitable key or wrong key type",
            )

    run(str(file), test)


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK"])
def test_a_public_key_is_no_secret(file: Path, form: str) -> None:
    """Who signs by HMAC with what everybody can read is refused."""
    if form == "JWK":
        written = json.dumps(public(RSA, "r")).encode()
    else:
        written = RSA.public_key().public_bytes(
            getattr(serialization.Encoding, form),
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    payload = json.dumps({"role": "service_role", "exp": int(time.time()) + 60})
    # PyJWT itself will not sign with such a key.
    head = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"r"}')
    signed = head + b"." + jwt.utils.base64url_encode(payload.encode())
    mac = hmac.digest(written, signed, "sha256")
    token = signed + b"." + jwt.utils.base64url_encode(mac)

    async def test(tokens: Tokens, keys: KeySet) -> None:
        error = await refusal(tokens, b"Bearer " + token)
        assert error.message == "No suitable key or wrong key type"
        public_only = Tokens([], audience=None, algorithms=ALL, keys=keys)
        error = await refusal(public_only, b"Bearer " + token)
        assert error.message == "Wrong or unsupported encoding algorithm"

    run(str(file), test)


def test_only_the_pinned_algorithms_are_accepted(file: Path) -> None:
    async def test(_: Tokens, keys: KeySet) -> None:
        tokens = Tokens([], audience=None, algorithms=["ES256"], keys=keys)
        assert (await tokens.identify(sign(EC, "ES256", "e"))).role == "authenticated"
        error = await refusal(tokens, sign(RSA, "RS256", "r"))
        assert error.message == "Wrong or unsupported encoding algorithm"

    run(str(file), test)


def test_keys_that_serve_nothing_here_are_passed_over() -> None:
    keys = parse(
        key_set(
            {"kty": "oct", "k": "c2VjcmV0LXRoYXQtZXZlcnlib2R5LWNhbi1yZWFk", "kid": "o"},
            public(WEAK, "too weak"),
            public(P384, "another curve"),
            public(RSA, "for secrecy", use="enc"),
            public(RSA, "for signing", key_ops=["sign"]),
            public(RSA, "for another algorithm", alg="RS512"),
            public(RSA, "for nothing", alg="none"),
            {"kty": "RSA", "n": "?", "e": "AQAB", "kid": "broken"},
            {"kty": "EC"},
            public(EC, "good", use="sig", alg="ES256", key_ops=["verify"]),
            "no key",  # type: ignore[arg-type]
        )
    )
    assert [key.kid for key in keys] == ["good"]


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": []}', b"[" * 100_000, b"\xff"],
)
def test_what_is_no_key_set_is_said(text: bytes) -> None:
    with pytest.raises(KeySetError):
        parse(text)


def test_a_new_key_is_found_when_it_is_needed() -> None:
    with published() as (publisher, url):

        async def test(tokens: Tokens, _: KeySet) -> None:
            publisher.body = key_set(public(EC, "e"), public(OTHER_EC, "new"))
            await tokens.identify(sign(OTHER_EC, "ES256", "new"))
            assert publisher.asked == 2

        run(url, test)


def test_made_up_keys_do_not_become_a_flood() -> None:
    with published() as (publisher, url):

        async def test(tokens: Tokens, _: KeySet) -> None:
            names = [sign(EC, "ES256", f"made up {n}") for n in range(20)]
            errors = await asyncio.gather(*(refusal(tokens, name) for name in names))
            assert {error.code for error in errors} == {"PGRST301"}
            assert publisher.asked == 1

        run(url, test, pause=60.0)


def test_many_who_wait_for_a_key_ask_once() -> None:
    with published() as (publisher, url):

        async def test(tokens: Tokens, keys: KeySet) -> None:
            publisher.body = key_set(public(OTHER_EC, "new"))
            keys._tried = float("-inf")  # noqa: SLF001 - the pause is over
            signed = [sign(OTHER_EC, "ES256", "new", n=n) for n in range(20)]
            await asyncio.gather(*(tokens.identify(token) for token in signed))
            assert publisher.asked == 2

        run(url, test, pause=60.0)


def test_a_key_that_is_taken_back_takes_its_tokens_along() -> None:
    with published() as (publisher, url):

        async def test(tokens: Tokens, keys: KeySet) -> None:
            token = sign(EC, "ES256", "e")
            await tokens.identify(token)
            assert tokens.recall(token)
            publisher.body = key_set(public(RSA, "r"))
            await keys.refresh(older_than=time.monotonic())
            assert tokens.recall(token) is None
            assert (await refusal(tokens, token)).code == "PGRST301"

        run(url, test)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, GOOD, "answered 500"),
        (302, GOOD, "answered 302"),
        (200, b"<html>", "is no JSON"),
        (200, GOOD + b" " * SIZE_MOST, "has more than"),
    ],
)
def test_the_last_keys_serve_while_there_are_no_newer(
    caplog: pytest.LogCaptureFixture, status: int, body: bytes, reason: str
) -> None:
    with published() as (publisher, url):

        async def test(tokens: Tokens, keys: KeySet) -> None:
            publisher.status, publisher.body = status, body
            assert not await keys.refresh(older_than=time.monotonic())
            await tokens.identify(sign(EC, "ES256", "e"))

        run(url, test)
    [record] = [r for r in caplog.records if r.name == "gateway.jwks"]
    assert record.fields["reason"].startswith(reason)  # type: ignore[attr-defined]
    assert "hush" not in str(record.__dict__)


def test_a_slow_publisher_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FETCH_TIMEOUT", 0.1)
    with published() as (publisher, url):

        async def test(tokens: Tokens, keys: KeySet) -> None:
            publisher.slow = True
            assert not await keys.refresh(older_than=time.monotonic())
            await tokens.identify(sign(EC, "ES256", "e"))

        run(url, test)


def test_without_any_keys_nobody_is_judged(tmp_path: Path) -> None:
    async def test(tokens: Tokens, _: KeySet) -> None:
        error = await refusal(tokens, sign(EC, "ES256", "e"))
        assert (error.status, error.code) == (503, "jwks_unavailable")
        assert not tokens.ready
        # Secrets need no keys.
        assert (await tokens.identify(sign(SECRET, "HS256"))).role == "authenticated"

    run(str(tmp_path / "missing.json"), test)


def test_a_set_grows_old(file: Path) -> None:
    async def test(tokens: Tokens, keys: KeySet) -> None:
        file.write_bytes(key_set(public(OTHER_EC, "new")))
        await tokens.open()
        while [key.kid for key in keys.keys] != ["new"]:
            await asyncio.sleep(0.01)

    run(str(file), test, max_age=0.02)


def test_a_reading_that_fails_unforeseen_is_not_the_last(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([RuntimeError("hush")])

    def failing_once(text: bytes) -> tuple[jwks.Key, ...]:
        if failure := next(failures, None):
            raise failure
        return parse(text)

    monkeypatch.setattr(jwks, "RETRY_LEAST", 0.01)

    async def test(tokens: Tokens, keys: KeySet) -> None:
        keys.keys = ()
        monkeypatch.setattr(jwks, "parse", failing_once)
        await tokens.open()
        async with asyncio.timeout(10):
            while not keys.keys:
                await asyncio.sleep(0.01)

    run(str(file), test)
    [record] = [r for r in caplog.records if r.name == "gateway.jwks"]
    assert record.fields == {"reason": "RuntimeError"}  # type: ignore[attr-defined]


def test_a_publisher_that_is_away_at_the_start_may_come_back(serve: Any) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/keys"
    gateway = serve(JWT_SECRET="", JWKS=url)
    object.__setattr__(gateway.service, "ready_url", gateway.service.url + "/live")
    token = sign(EC, "ES256", "e").decode().removeprefix("Bearer ")
    with gateway as api:
        answer = api.get("/rpc/spaced", token=token)
        assert (answer.status_code, answer.json()["code"]) == (503, "jwks_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert api.get("/ready").status_code == 503
        with published(port):
            eventually(lambda: api.get("/ready").status_code == 200)
            assert api.get("/rpc/spaced", token=token).status_code == 200
            # No secret, no HMAC.
            assert api.get("/rpc/spaced").status_code == 401
        # Gone again: what was read serves.
        assert api.get("/rpc/spaced", token=token).status_code == 200
