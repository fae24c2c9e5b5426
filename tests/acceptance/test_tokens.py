"""Who calls: good tokens, bad ones, none, and a service's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from deploy.tokens import mint
from tests.acceptance.answers import accepted, refused
from tests.acceptance.scene import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import httpx

    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet

OTHER_SECRET = "nobody has signed with this one but who should not"  # noqa: S105  no secret


def _unsigned(_: str, person: UUID) -> str:
    claims = {"sub": str(person), "role": "authenticated", "aud": "authenticated"}
    return jwt.encode(claims, "", algorithm="none")


# PostgREST said PGRST301 for all of them before it told claims from keys (version 14).
BAD_TOKENS: dict[str, tuple[str, Callable[[str, UUID], str]]] = {
    "expired": (
        "PGRST303",
        lambda secret, person: mint(
            secret, user_id=person, lifetime=timedelta(hours=-1)
        ),
    ),
    "another audience": (
        "PGRST303",
        lambda secret, person: mint(secret, user_id=person, audience="elsewhere"),
    ),
    "another secret": (
        "PGRST301",
        lambda _, person: mint(OTHER_SECRET, user_id=person),
    ),
    "unsigned": ("PGRST301", _unsigned),
    "no token": ("PGRST301", lambda *_: "captain"),
    "three parts of nothing": ("PGRST301", lambda *_: "a.b.c"),
}


@pytest.mark.parametrize("bad", BAD_TOKENS)
def test_bad_token(api: Api, fleet: Fleet, scene: Scene, bad: str) -> None:
    """401 before anything is looked at, and nothing is done."""
    code, make = BAD_TOKENS[bad]
    token = make(api.secret, scene.ship.captain)
    response = api.post(
        "consume_part",
        scene.arguments("consume_part"),
        authorization=f"Bearer {token}",
    )
    if api.name == "postgrest" and response.json()["code"] == "PGRST301":
        code = "PGRST301"
    refused(response, 401, code)
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert fleet.on_hand(scene.yacht_id)[scene.ship.stock_id] == 10
    assert fleet.audit(scene.yacht_id) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody(api: Api, scene: Scene, function: str) -> None:
    """Without a token no RPC may be run: 401."""
    body = refused(api.post(function, scene.arguments(function)), 401, "42501")
    assert body["message"] == f"permission denied for function {function}"


@pytest.mark.parametrize(
    "function", [name for name in FUNCTIONS if name != "issue_enrolment_code"]
)
def test_service(api: Api, scene: Scene, function: str) -> None:
    """A service is no person: 403 for what people do."""
    token = api.token(None, role="service_role")
    response = api.post(
        function, scene.arguments(function), authorization=f"Bearer {token}"
    )
    body = refused(response, 403, "42501")
    assert body["message"] == f"permission denied for function {function}"


def test_service_lets_a_first_captain_enrol(
    api: Api, fleet: Fleet, scene: Scene
) -> None:
    """Of a captain or manager while none of the yacht can sign; of nobody else."""
    token = api.token(None, role="service_role")

    def issue(role: str) -> httpx.Response:
        arguments = {"p_yacht_id": scene.yacht_id, "p_user_id": scene.person(role)}
        return api.post(
            "issue_enrolment_code", arguments, authorization=f"Bearer {token}"
        )

    for role in ("crew", "chief_engineer", "stranger"):
        refused(issue(role), 403, "not_on_yacht")
    code = accepted(issue("captain"), 201)["enrolment_code"]
    [row] = fleet.audit(scene.yacht_id)
    assert (row["actor_id"], row["action"], row["outcome"]) == (
        None,
        "issue_enrolment_code",
        "ok",
    )
    arguments = {"p_yacht_id": scene.yacht_id, "p_pin": "314159", "p_code": code}
    accepted(api.post("enroll_signature", arguments, scene.ship.captain))
    fleet.enrol(scene.ship.captain)
    refused(issue("manager"), 403, "not_on_yacht")


@pytest.mark.parametrize("role", ["pms_owner", "pms_rpc", "postgres", "nobody"])
def test_role_that_no_token_may_ask_for(
    api: Api, fleet: Fleet, scene: Scene, role: str
) -> None:
    """Only the roles of the API can be switched to."""
    token = api.token(scene.ship.captain, role=role)
    response = api.post(
        "consume_part",
        scene.arguments("consume_part"),
        authorization=f"Bearer {token}",
    )
    # 400 for a role that does not exist: PostgREST before 13.
    assert response.status_code in (400, 401, 403)
    assert fleet.audit(scene.yacht_id) == []


@pytest.mark.parametrize("subject", ["captain", "", "0197b000-0000-7000-8000-00", None])
def test_subject_that_is_no_person(api: Api, scene: Scene, subject: Any) -> None:
    """A foreign issuer may name people otherwise: none of them is on this yacht."""
    claims = jwt.decode(
        api.token(None), api.secret, algorithms=["HS256"], audience="authenticated"
    )
    if subject is not None:
        claims["sub"] = subject
    token = jwt.encode(claims, api.secret, algorithm="HS256")
    for function in ("consume_part", "stock_history"):
        response = api.post(
            function, scene.arguments(function), authorization=f"Bearer {token}"
        )
        refused(response, 403, "not_on_yacht")


def test_role_in_the_token_counts_for_nothing(api: Api, scene: Scene) -> None:
    """The role on the yacht comes from the database."""
    claims = jwt.decode(
        api.token(scene.person("crew")),
        api.secret,
        algorithms=["HS256"],
        audience="authenticated",
    )
    claims |= {
        "user_role": "captain",
        "yacht_role": "captain",
        "app_metadata": {"role": "captain"},
    }
    token = jwt.encode(claims, api.secret, algorithm="HS256")
    response = api.post(
        "receive_part",
        scene.arguments("receive_part"),
        authorization=f"Bearer {token}",
    )
    refused(response, 403, "role_not_allowed")


def test_person_of_two_yachts(api: Api, fleet: Fleet, scene: Scene) -> None:
    """A role is one yacht's: captain here, deckhand there."""
    fleet.execute(
        "INSERT INTO public.auth_users_roles (user_id, yacht_id, role)"
        " VALUES (%s, %s, 'deckhand')",
        [scene.ship.captain, scene.foreign.yacht_id],
    )
    arguments = scene.arguments(
        "receive_part",
        p_yacht_id=scene.foreign.yacht_id,
        p_part_id=scene.foreign.part.part_id,
    )
    response = api.post("receive_part", arguments, scene.ship.captain)
    refused(response, 403, "role_not_allowed")
    accepted(api.post("consume_part", arguments, scene.ship.captain))
