"""Signed URLs: a key and a purpose of their own."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from gateway.errors import ApiError
from gateway.storage.errors import StorageError
from gateway.storage.signing import Signer
from gateway.tokens import Identity, Tokens

from .conftest import PHOTOS, PNG, STORAGE_SECRET, refusal

if TYPE_CHECKING:
    from tests.fleet import Fleet

    from .conftest import Aboard, Api

INVALID_JWT = (400, "400", "InvalidJWT", "InvalidJWT")
INVALID_SIGNATURE = (400, "400", "InvalidSignature", "InvalidSignature")
SECRET = "one secret for both purposes, by mistake"  # noqa: S105 - the test's own


def token_of(api: Api, aboard: Aboard, name: str, seconds: int = 60) -> str:
    path = f"object/sign/{PHOTOS}/{name}"
    body = {"expiresIn": seconds}
    answer = api.send("POST", path, aboard["crew"], json=body)
    url: str = answer.json()["signedURL"]
    assert url.startswith(f"/{path}?token=")
    return url.partition("?token=")[2]


@pytest.fixture
def name(api: Api, aboard: Aboard) -> str:
    api.upload(aboard["crew"], aboard.name())
    return aboard.name()


def opened(api: Api, name: str, token: str, method: str = "GET") -> Any:
    return api.send(method, f"object/sign/{PHOTOS}/{name}?token={token}")


def test_a_url_is_good_for_its_object_alone(
    api: Api, aboard: Aboard, name: str
) -> None:
    token = token_of(api, aboard, name)
    assert opened(api, name, token).content == PNG
    assert opened(api, name, token, "HEAD").status_code == 200
    other = aboard.name("other.png")
    api.upload(aboard["crew"], other)
    assert refusal(opened(api, other, token)) == INVALID_SIGNATURE


def test_a_url_ends(api: Api, aboard: Aboard, name: str) -> None:
    path = f"{PHOTOS}/{name}"
    claims = f'{{"sub":"{aboard["crew"]}","role":"authenticated"}}'
    signer = Signer(STORAGE_SECRET.encode(), clock=lambda: time.time() - 61)
    token = signer.sign(
        "download", path, Identity("authenticated", claims.encode()), seconds=60
    )
    answer = opened(api, name, token)
    assert refusal(answer) == INVALID_JWT
    assert answer.json()["message"] == '"exp" claim timestamp check failed'


def test_a_forged_token_is_refused(api: Api, aboard: Aboard, name: str) -> None:
    token = token_of(api, aboard, name)
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    good = api.token(aboard["crew"])
    for forged in (
        f"{head}.{body}.{'A' * len(signature)}",
        f"{head}.{body[:-2]}.{signature}",
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, STORAGE_SECRET, algorithm="HS256"),
        jwt.encode(claims, api.secret, algorithm="HS256"),
        good,
        "nonsense",
    ):
        assert refusal(opened(api, name, forged)) == INVALID_JWT
    answer = api.send("GET", f"object/sign/{PHOTOS}/{name}")
    assert refusal(answer) == (400, "400", "InvalidRequest", "InvalidRequest")
    # A person's own token does not help.
    answer = api.send("GET", f"object/sign/{PHOTOS}/{name}?token=x", aboard["crew"])
    assert refusal(answer) == INVALID_JWT


def test_a_url_of_one_purpose_does_not_serve_the_other(
    api: Api, aboard: Aboard, name: str
) -> None:
    token = token_of(api, aboard, name)
    path = f"object/upload/sign/{PHOTOS}/{name}?token={token}"
    headers = {"content-type": "image/png"}
    answer = api.send("PUT", path, headers=headers, content=PNG)
    assert refusal(answer) == INVALID_JWT
    new = aboard.name("new.png")
    answer = api.send("POST", f"object/upload/sign/{PHOTOS}/{new}", aboard["crew"])
    upload = answer.json()["token"]
    assert refusal(opened(api, new, upload)) == INVALID_JWT
    other = f"object/upload/sign/{PHOTOS}/{name}?token={upload}"
    answer = api.send("PUT", other, headers=headers, content=PNG)
    assert refusal(answer) == INVALID_SIGNATURE


def test_a_url_is_no_persons_token(api: Api, aboard: Aboard, name: str) -> None:
    token = token_of(api, aboard, name)
    answer = api.send("GET", f"object/{PHOTOS}/{name}", token=token)
    assert refusal(answer) == (400, "403", "Unauthorized", "AccessDenied")
    answer = api.http.post(
        f"{api.url}/rpc/action_list", headers={"authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")


def test_the_same_secret_makes_other_keys() -> None:
    """Even where one secret was set for both, neither token passes for the other."""
    person = Identity("authenticated", b'{"sub":"x","role":"authenticated"}')
    signer = Signer(SECRET.encode())
    tokens = Tokens([SECRET.encode()], audience=None)
    url = signer.sign("download", "a/b", person, seconds=60)
    with pytest.raises(ApiError):
        asyncio.run(tokens.identify(f"Bearer {url}".encode()))
    payload = jwt.decode(url, options={"verify_signature": False})
    with pytest.raises(StorageError):
        signer.verify("download", jwt.encode(payload, SECRET, algorithm="HS256"))
    assert signer.verify("download", url).path == "a/b"


def test_what_travels_in_a_url_names_no_more_than_the_signer() -> None:
    claims = b'{"sub":"x","role":"authenticated","email":"a@b","phone":"1","exp":1}'
    url = Signer(SECRET.encode()).sign(
        "download", "a/b", Identity("authenticated", claims), seconds=60
    )
    payload = jwt.decode(url, options={"verify_signature": False})
    assert payload["signer"] == {"sub": "x", "role": "authenticated"}
    assert "role" not in payload


def test_a_url_dies_with_its_signers_right(
    api: Api, aboard: Aboard, fleet: Fleet, name: str
) -> None:
    token = token_of(api, aboard, name, 3600)
    path = f"object/upload/sign/{PHOTOS}/{aboard.name('new.png')}"
    upload = api.send("POST", path, aboard["crew"]).json()["token"]
    fleet.execute(
        "UPDATE public.auth_users_roles SET is_active = false WHERE user_id = %s",
        [aboard["crew"]],
    )
    assert refusal(opened(api, name, token))[3] == "NoSuchKey"
    headers = {"content-type": "image/png"}
    answer = api.send("PUT", f"{path}?token={upload}", headers=headers, content=PNG)
    assert refusal(answer)[3] == "AccessDenied"


def test_an_upload_url_is_not_given_to_whoever_may_not_upload(
    api: Api, aboard: Aboard, name: str
) -> None:
    path = f"object/upload/sign/{PHOTOS}/{name}"
    answer = api.send("POST", path, aboard["crew"])
    assert refusal(answer)[2] == "Duplicate"
    upsert = {"x-upsert": "true"}
    answer = api.send("POST", path, aboard["crew"], headers=upsert)
    assert refusal(answer)[3] == "AccessDenied"
    answer = api.send("POST", path, aboard["manager"], headers=upsert)
    signed = f"{path}?token={answer.json()['token']}"
    headers = {"content-type": "image/png"}
    assert api.send("PUT", signed, headers=headers, content=b"new").status_code == 200
    assert api.client(aboard["crew"]).download(name) == b"new"


def test_tokens_stay_out_of_the_log(api: Api, aboard: Aboard, name: str) -> None:
    token = token_of(api, aboard, name)
    opened(api, name, token)
    api.send(
        "GET",
        f"object/{PHOTOS}/{name}",
        token=api.token(None, lifetime=timedelta(hours=-1)),
    )
    assert token not in api.log.read_text(encoding="utf-8")
