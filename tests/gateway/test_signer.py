"""A PostgREST that has another secret than the gateway."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from deploy import postgrest as postgrest_tool
from deploy.background import ServiceError, served
from deploy.process import free_port
from gateway.signer import LIFETIME, REMEMBERED, Signer
from gateway.tokens import Identity

from .conftest import sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Api

THEIRS = "the other side's secret, which only it and the gateway know"
NOW = 1_800_000_000


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def other(
    database_url: str, serve: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """A gateway in front of such a PostgREST."""
    try:
        service = postgrest_tool.service(
            database_url=database_url, jwt_secret=THEIRS, port=free_port()
        )
    except ServiceError as error:
        if shutil.which("npm"):
            raise
        pytest.skip(str(error))
    with (
        served(service, tmp_path_factory.mktemp("postgrest") / "log") as url,
        serve(postgrest_url=url, POSTGREST_JWT_SECRET=THEIRS) as gateway,
    ):
        yield gateway


def test_a_person_is_who_they_are_there_too(other: Api) -> None:
    answer = other.post("/rpc/claims", token=sign(sub="somebody", aud="authenticated"))
    claims = answer.json()
    assert claims.pop("exp")
    assert claims == {
        "sub": "somebody",
        "role": "authenticated",
        "aud": "authenticated",
    }


def test_a_service_is_a_service(other: Api) -> None:
    answer = other.post("/rpc/modes", token=sign(role="service_role"))
    assert answer.json()["role"] == "service_role"


@pytest.mark.parametrize("authorization", [None, "Basic YTpi"])
def test_nobody_is_nobody(other: Api, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    answer = other.post("/rpc/modes", token=None, headers=headers)
    assert answer.json()["role"] == "anon"


def test_the_gateway_judges_first(other: Api) -> None:
    """Also a token that the other side would accept."""
    answer = other.post("/rpc/modes", token=sign(secret=THEIRS))
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")


def test_a_signed_token_is_short_lived_and_used_again() -> None:
    clock = Clock()
    signer = Signer(THEIRS, clock=clock)
    identity = Identity(
        "authenticated", b'{"sub":"x","exp":9999999999,"role":"authenticated"}'
    )
    first = signer.authorization(identity)
    payload = jwt.PyJWS().decode(first.removeprefix("Bearer "), THEIRS, ["HS256"])
    assert json.loads(payload) == {
        "sub": "x",
        "exp": NOW + LIFETIME,
        "role": "authenticated",
    }
    clock.now += 10
    assert signer.authorization(identity) == first
    clock.now += 30
    assert signer.authorization(identity) != first


def test_the_memory_for_signed_tokens_is_bounded() -> None:
    signer = Signer(THEIRS, clock=Clock())
    for number in range(REMEMBERED + 5):
        signer.authorization(Identity("anon", b'{"n":%d}' % number))
    assert len(signer._signed) == REMEMBERED  # noqa: SLF001 - what is bounded
