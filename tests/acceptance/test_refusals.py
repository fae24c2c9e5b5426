"""Every refusal of every RPC, as each server answers it, and the record of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from deploy.state import ROOT
from deploy.tokens import mint
from tests.acceptance.answers import accepted, refused
from tests.acceptance.refusals import REFUSALS, Refusal
from tests.acceptance.scene import (
    ENROLMENT,
    FORBIDDEN,
    FUNCTIONS,
    READS,
    STATUS,
    WRITES,
)
from tests.fleet import ROLES, new_id, new_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Arguments, Scene
    from tests.fleet import Fleet

# People may enrol before their yacht is in.
SWITCHED = set(FUNCTIONS) - {*ENROLMENT, "issue_enrolment_code"}


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_refusal(
    calling_api: Api, fleet: Fleet, scene: Scene, refusal: Refusal
) -> None:
    """Its status, code and shape; nothing moved; on record unless it was a read."""
    stocks = fleet.on_hand(scene.yacht_id)
    arguments = scene.arguments(refusal.function, **refusal.changes(scene))
    body = refused(
        calling_api.post(refusal.function, arguments, scene.ship.captain),
        STATUS[refusal.code],
        refusal.code,
    )
    if body["details"] is not None:
        assert isinstance(json.loads(body["details"]), dict)
    after = fleet.on_hand(scene.yacht_id)
    assert {stock: on_hand for stock, on_hand in after.items() if on_hand} == stocks
    record = [
        (row["action"], row["outcome"], row["error_code"], row["actor_id"])
        for row in fleet.audit(scene.yacht_id)
    ]
    expected = (refusal.function, "rejected", refusal.code, scene.ship.captain)
    assert record == ([] if refusal.function in READS else [expected])


def test_words_of_a_refusal_are_fixed(api: Api, fleet: Fleet, scene: Scene) -> None:
    """Message and hint hold no values: they are those of the list of refusals."""
    words = {
        row["code"]: (row["message"], row["hint"], row["http_status"])
        for row in fleet.rows(
            "SELECT r.code, r.message, r.hint, r.http_status FROM private.refusals AS r"
        )
    }
    assert {code: status for code, (_, _, status) in words.items()} == STATUS
    one_of_each = {refusal.code: refusal for refusal in REFUSALS}
    for code, refusal in one_of_each.items():
        arguments = scene.arguments(refusal.function, **refusal.changes(scene))
        body = api.post(refusal.function, arguments, scene.ship.captain).json()
        assert (body["code"], body["message"], body["hint"]) == (code, *words[code][:2])


def test_every_refusal_that_a_function_names_is_tried() -> None:
    """What the head of each file of rpc/ says that it refuses is in this suite."""
    tried = {(refusal.function, refusal.code) for refusal in REFUSALS}
    tried |= {(function, "not_on_yacht") for function in FUNCTIONS}
    tried |= {(function, "role_not_allowed") for function in FORBIDDEN}
    tried |= {
        (function, code)
        for function in WRITES
        for code in ("duplicate_idempotency_key", "idempotency_key_reused")
    }
    tried |= {(function, "feature_disabled") for function in SWITCHED}
    named = {
        (path.stem, code)
        for path in (ROOT / "rpc").glob("*.sql")
        for code in _codes_in_head(path.read_text(encoding="utf-8"))
    }
    assert {path.stem for path in (ROOT / "rpc").glob("*.sql")} == set(FUNCTIONS)
    assert named == tried


@pytest.fixture
def switched_off(gateway_api: Api) -> Iterator[None]:
    """No yacht is in; at the end all are again."""

    def switch(percentage: int) -> None:
        service = mint(gateway_api.secret, user_id=None, role="service_role")
        answer = gateway_api.http.post(
            "/rpc/set_canary",
            json={"p_percentage": percentage, "p_reason": "test", "p_watched": False},
            headers={"authorization": f"Bearer {service}"},
        )
        assert answer.status_code == 200, answer.text

    switch(0)
    yield
    switch(100)


def test_a_yacht_that_is_not_in_is_refused(
    api: Api,
    scene: Scene,
    switched_off: None,  # noqa: ARG001 - for what it does
) -> None:
    """By every RPC but those by which people enrol for signing."""
    for function in FUNCTIONS:
        answer = api.post(function, scene.arguments(function), scene.ship.captain)
        disabled = answer.status_code >= 400 and (
            answer.json()["code"] == "feature_disabled"
        )
        assert disabled == (function in SWITCHED), function
        if disabled:
            refused(answer, 404, "feature_disabled")


def _codes_in_head(text: str) -> set[str]:
    head = text.partition("\nCREATE")[0].replace("\n--", " ")
    refuses = re.search(r"Refuses\s(.*?)(Rows are|Order\s|$)", head, re.DOTALL)
    assert refuses is not None
    return set(re.findall(r"[a-z]+(?:_[a-z]+)+", refuses[1])) & STATUS.keys()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_stranger_learns_nothing(
    calling_api: Api, fleet: Fleet, scene: Scene, function: str
) -> None:
    """The answer is the same for a yacht that exists and one that does not."""
    arguments = scene.arguments(function)
    there = calling_api.post(function, arguments, scene.stranger)
    nowhere = calling_api.post(
        function, arguments | {"p_yacht_id": new_id()}, scene.stranger
    )
    null = calling_api.post(function, arguments | {"p_yacht_id": None}, scene.stranger)
    body = refused(there, 403, "not_on_yacht")
    assert body["details"] is None
    assert nowhere.json() == null.json() == body
    assert fleet.audit(scene.yacht_id) == []
    denied = fleet.rows(
        "SELECT sum(d.attempts)::integer AS attempts FROM private.denied_attempts AS d"
        " WHERE d.user_id = %s AND d.action = %s AND d.yacht_id = %s",
        [scene.stranger, function, scene.yacht_id],
    )
    assert denied == [{"attempts": None if function in READS else 1}]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_roles(calling_api: Api, fleet: Fleet, scene: Scene, function: str) -> None:
    """Each role may do what the table of roles says, and no more."""
    forbidden = FORBIDDEN.get(function, ())
    for role in ROLES:
        response = calling_api.post(
            function, {"p_yacht_id": scene.yacht_id}, scene.person(role)
        )
        if role in forbidden:
            body = refused(response, 403, "role_not_allowed")
            assert json.loads(body["details"]) == {"role": role}
        else:
            assert response.status_code in (200, 400)
            assert response.json() is not None
    refusals = [
        row["role"]
        for row in fleet.audit(scene.yacht_id)
        if row["error_code"] == "role_not_allowed"
    ]
    assert refusals == list(forbidden)


@pytest.mark.parametrize(
    "ended",
    [
        "is_active = false",
        "valid_until = valid_from + interval '1 microsecond'",
        "valid_from = now() + interval '1 day'",
    ],
)
def test_role_that_does_not_count(
    api: Api, fleet: Fleet, scene: Scene, ended: str
) -> None:
    """Inactive, over or not begun: as if it were not there."""
    fleet.connection.execute(
        f"UPDATE public.auth_users_roles SET {ended} WHERE user_id = %s".encode(),  # noqa: S608  from the list above
        [scene.ship.captain],
    )
    response = api.post(
        "consume_part", scene.arguments("consume_part"), scene.ship.captain
    )
    refused(response, 403, "not_on_yacht")


@pytest.mark.parametrize("function", WRITES)
def test_same_call_again(
    calling_api: Api, fleet: Fleet, scene: Scene, function: str
) -> None:
    """409 with the original answer, and nothing done twice."""
    arguments = scene.arguments(function)
    first = calling_api.post(function, arguments, scene.ship.captain)
    accepted(first, WRITES[function])
    on_hand = fleet.on_hand(scene.yacht_id)
    again = calling_api.post(function, arguments, scene.ship.captain)
    body = refused(again, 409, "duplicate_idempotency_key")
    told = first.json()
    if "enrolment_code" in told:
        told["enrolment_code"] = None  # Told once.
    assert json.loads(body["details"]) == told
    assert fleet.on_hand(scene.yacht_id) == on_hand
    assert [row["error_code"] for row in fleet.audit(scene.yacht_id)] == [
        None,
        "duplicate_idempotency_key",
    ]


@pytest.mark.parametrize("function", WRITES)
def test_key_of_another_call(api: Api, scene: Scene, function: str) -> None:
    """Another person, other arguments, another action: nothing of the first call."""
    key = new_key()
    arguments = scene.arguments(function, p_idempotency_key=key)
    accepted(api.post(function, arguments, scene.ship.captain), WRITES[function])
    by_function: dict[str, Arguments] = {
        "update_location": {"p_changes": {"name": "Bin 3"}},
        "update_part": {"p_changes": {"name": "Element"}},
        "import_parts": {"p_dry_run": True},
        "adjust_stock_quantity": {"p_counted_quantity": 9},
        "adjust_stock_quantities": {"p_reason": "Other"},
        "reverse_transaction": {"p_reason": "Other"},
        "issue_enrolment_code": {"p_user_id": new_id()},
    }
    if "p_reason" in arguments:
        by_function[function] = {"p_reason": "Other"}
    elif "p_item_id" in arguments:
        by_function[function] = {"p_item_id": new_id()}
    default: Arguments = (
        {"p_name": "Other"} if "create" in function else {"p_quantity": 2}
    )
    changed = by_function.get(function, default)
    other = "receive_part" if function == "consume_part" else "consume_part"
    for person, name, more in [
        (scene.person("manager"), function, arguments),
        (scene.ship.captain, function, arguments | changed),
        (
            scene.ship.captain,
            other,
            scene.arguments(other, p_idempotency_key=key),
        ),
    ]:
        body = refused(api.post(name, more, person), 409, "idempotency_key_reused")
        assert body["details"] is None


def test_key_of_a_refused_call_is_free(api: Api, scene: Scene) -> None:
    """What failed may be tried again under its key."""
    captain = scene.ship.captain
    arguments = scene.arguments("consume_part", p_quantity=12)
    refused(api.post("consume_part", arguments, captain), 409, "insufficient_stock")
    accepted(api.post("receive_part", scene.arguments("receive_part"), captain), 201)
    accepted(api.post("consume_part", arguments, captain))


def test_keys_of_two_yachts_are_apart(api: Api, scene: Scene) -> None:
    """A key is its yacht's: who guesses one elsewhere learns nothing."""
    key = new_key()
    own = scene.arguments("consume_part", p_idempotency_key=key)
    foreign = own | {
        "p_yacht_id": scene.foreign.yacht_id,
        "p_part_id": scene.foreign.part.part_id,
    }
    accepted(api.post("consume_part", own, scene.ship.captain))
    accepted(api.post("consume_part", foreign, scene.stranger))


def test_refusal_says_what_is_there(api: Api, scene: Scene) -> None:
    """Details hold what the client needs to go on."""
    captain, part = scene.ship.captain, str(scene.ship.part.part_id)
    arguments = scene.arguments("consume_part", p_quantity=11)
    body = refused(
        api.post("consume_part", arguments, captain), 409, "insufficient_stock"
    )
    found = {"part_id": part, "stock_id": str(scene.ship.stock_id), "seq": 1}
    assert json.loads(body["details"]) == found | {"quantity": 11, "on_hand": 10}
    arguments = scene.arguments("receive_part", p_expected_seq=0)
    body = refused(api.post("receive_part", arguments, captain), 409, "stale_count")
    assert json.loads(body["details"]) == found | {"quantity": 3, "on_hand": 10}
    arguments = scene.arguments("create_part", p_name=...)
    body = refused(api.post("create_part", arguments, captain), 400, "invalid_argument")
    assert json.loads(body["details"])["argument"] == "p_name"
