"""Whatever the description allows, sent as everybody: no 5xx, nothing undocumented."""

from __future__ import annotations

from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.cluster import DEPLOYER
from deploy.tokens import mint
from tests.acceptance.conftest import Api
from tests.acceptance.scene import FORBIDDEN, set_scene
from tests.fleet import ROLES, manned
from tests.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.state import Secrets
    from tests.acceptance.scene import Scene
    from tests.conftest import Database
    from tests.fleet import Fleet

EXAMPLES = 6
# So many of them come from everybody, the others from one person of each kind: the gate
# looks at roles alone, and what comes after it does not know two roles of a kind apart.
FROM_EVERYBODY = 2
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def fleet(database: Database) -> Iterator[Fleet]:
    """On a database of its own.

    The other tests leave thousands of yachts, and a service's calls look at each.
    """
    with manned(database.url(DEPLOYER)) as found:
        yield found


@pytest.fixture(scope="module")
def gateway_api(gateway: str, secrets: Secrets) -> Iterator[Api]:
    with httpx.Client(base_url=gateway, trust_env=False, verify=PLAIN) as http:
        yield Api("gateway", http, secrets.jwt_secret)


@pytest.fixture(scope="module")
def stage(fleet: Fleet) -> Scene:
    """One scene for all: what the noise does to it is no matter."""
    with fleet.connection.transaction(), fleet.connection.pipeline():
        return set_scene(fleet)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Connections that are kept: without it each call makes a session of its own."""
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


@pytest.fixture(scope="module")
def personas(gateway_api: Api, stage: Scene) -> dict[str, dict[str, str]]:
    """Headers of everybody: each role, a stranger, a service, nobody."""
    people = {role: stage.ship.people[role] for role in ROLES}
    tokens = {
        role: gateway_api.token(person)
        for role, person in {**people, "stranger": stage.stranger}.items()
    }
    tokens["service"] = mint(gateway_api.secret, user_id=None, role="service_role")
    headers = {who: {"authorization": f"Bearer {t}"} for who, t in tokens.items()}
    return {**headers, "nobody": {}}


@pytest.fixture(scope="module")
def spokespersons(personas: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Of the personas, one of those who may do the same."""
    kinds = {
        tuple(name for name, roles in FORBIDDEN.items() if role in roles): role
        for role in ROLES
    }
    silent = {*ROLES} - {*kinds.values()}
    return {who: found for who, found in personas.items() if who not in silent}


def test_noise_is_answered_as_described(
    gateway_api: Api,
    stage: Scene,
    personas: dict[str, dict[str, str]],
    spokespersons: dict[str, dict[str, str]],
    session: requests.Session,
) -> None:
    """Each operation, as each persona, with values that fit the description."""
    url = str(gateway_api.http.base_url)

    def send(crowds: Iterator[dict[str, dict[str, str]]], case: Any) -> None:
        where = case.body if isinstance(case.body, dict) else case.query
        if "p_yacht_id" in (where or {}):
            # Otherwise nothing would come past the gate.
            where["p_yacht_id"] = str(stage.yacht_id)
        for headers in next(crowds).values():
            answer = case.call(headers=headers, base_url=url, session=session)
            case.validate_response(answer, checks=CHECKS)

    looked_at = 0
    for found in schemathesis.openapi.from_url(f"{url}/").get_all_operations():
        looked_at += 1
        crowds = chain(repeat(personas, FROM_EVERYBODY), repeat(spokespersons))
        _for_examples(found.ok(), partial(send, crowds))  # type: ignore[union-attr]
    assert looked_at > len(personas)


def _for_examples(operation: Any, send: Callable[[Any], None]) -> None:
    """Send the same examples of an operation at each run."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def noise(case: Any) -> None:
        send(case)

    noise()
