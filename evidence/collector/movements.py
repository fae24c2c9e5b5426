"""Claims on calls that move stock: accepted, repeated, signed or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evidence.collector.claims import Claim, Finding
from evidence.collector.ground import CLUMSY, key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evidence.collector.ground import Ground

MOVED = ("action", "quantity_before", "quantity_after", "on_hand", "success")
# What locks a signature: rpc/SIGNING.md.
FAILURES = 5
SIGNED: Mapping[str, int] = {
    "adjust_stock_quantities": 200,
    "adjust_stock_quantity": 200,
    "issue_enrolment_code": 201,
    "reverse_transaction": 201,
    "write_off_part": 200,
}
WRONG = {"pin": "90210773", "totp": "000000"}


def receive(ground: Ground) -> Finding:
    """A delivery."""
    part = ground.part("Received", 5)
    answer = ground.call(
        "purser",
        "receive_part",
        p_part_id=part,
        p_quantity=3,
        p_idempotency_key=key(),
    )
    shown = {name: answer.body.get(name) for name in MOVED}
    return Finding(
        answer.status == 201 and shown["on_hand"] == 8,
        {"status": answer.status, "answer": shown},
    )


def duplicate(ground: Ground) -> Finding:
    """One call twice, then its key for another."""
    call: dict[str, Any] = {
        "p_part_id": ground.part("Clicked twice", 5),
        "p_quantity": 3,
        "p_idempotency_key": key(),
    }
    first = ground.call("purser", "receive_part", **call)
    second = ground.call("purser", "receive_part", **call)
    reused = ground.call("purser", "receive_part", **call | {"p_quantity": 4})
    same = json.loads(second.body["details"]) == first.body
    movements = _movements(ground, call["p_part_id"])
    return Finding(
        first.status == 201
        and second.shown == "409 duplicate_idempotency_key"
        and reused.shown == "409 idempotency_key_reused"
        and same
        and movements == 2,
        {
            "first": first.shown,
            "second": second.shown,
            "second_has_the_first_result": same,
            "key_for_another_call": reused.shown,
            "movements_with_the_opening": movements,
        },
    )


def adjust(ground: Ground) -> Finding:
    """A count, without a signature and with one."""
    part = ground.part("Counted", 5)
    call = {"p_part_id": part, "p_counted_quantity": 4, "p_reason": "Count"}
    who, signature = ground.sign()
    unsigned = ground.call(
        who, "adjust_stock_quantity", p_idempotency_key=key(), **call
    )
    between = _movements(ground, part)
    signed = ground.call(
        who,
        "adjust_stock_quantity",
        p_idempotency_key=key(),
        p_signature=signature,
        **call,
    )
    after = _movements(ground, part)
    return Finding(
        unsigned.shown == "400 signature_required"
        and signed.status == 200
        and (between, after) == (1, 2),
        {
            "unsigned": {"answer": unsigned.shown, "movements": between},
            "signed": {
                "answer": signed.shown,
                "movements": after,
                **{name: signed.body.get(name) for name in MOVED},
            },
        },
    )


def signed_actions(ground: Ground) -> Finding:
    """Every signed action in every state of a signature."""
    cases: dict[str, dict[str, str]] = {}
    good = True
    for action, success in SIGNED.items():
        call = {**_arguments(ground, action), "p_idempotency_key": key()}
        who, signature = ground.sign()
        expected: dict[str, tuple[str, Any]] = {
            "missing": ("400 signature_required", None),
            "pin_alone": ("400 signature_required", {"pin": signature["pin"]}),
            "totp_alone": ("400 signature_required", {"totp": signature["totp"]}),
            "wrong": ("403 invalid_signature", WRONG),
            "right": (str(success), signature),
            "replayed": ("403 invalid_signature", signature),
        }
        cases[action] = {}
        for case, (wanted, given) in expected.items():
            changed = dict(call)
            if case == "replayed":
                changed = {**_arguments(ground, action), "p_idempotency_key": key()}
            got = ground.call(who, action, p_signature=given, **changed).shown
            cases[action][case] = got
            good &= got == wanted
        got = ground.call(
            "manager", action, p_signature=WRONG, **call | {"p_idempotency_key": key()}
        ).shown
        cases[action]["not_enrolled"] = got
        good &= got == "403 signature_not_enrolled"
    lock = _locked(ground)
    wanted_lock = ["403 invalid_signature"] * FAILURES + ["423 signature_locked"]
    return Finding(
        good and lock == wanted_lock, {"by_action": cases, "until_locked": lock}
    )


def _locked(ground: Ground) -> list[str]:
    """The answers to one wrong signature after another, of one person."""
    call = _arguments(ground, "write_off_part")
    return [
        ground.call(
            CLUMSY,
            "write_off_part",
            p_signature=WRONG,
            p_idempotency_key=key(),
            **call,
        ).shown
        for _ in range(FAILURES + 1)
    ]


def _arguments(ground: Ground, action: str) -> dict[str, Any]:
    """A good call of a signed action, without key and signature."""
    if action == "issue_enrolment_code":
        return {"p_user_id": ground.people["crew"]}
    part = ground.part(f"For {action}", 5)
    if action == "adjust_stock_quantities":
        counts = [{"part_id": part, "counted_quantity": 4}]
        return {"p_counts": counts, "p_reason": "Count"}
    if action == "adjust_stock_quantity":
        return {"p_part_id": part, "p_counted_quantity": 4, "p_reason": "Count"}
    if action == "write_off_part":
        return {"p_part_id": part, "p_quantity": 1, "p_reason": "Broken"}
    taken = ground.done(
        "crew", "consume_part", p_part_id=part, p_quantity=1, p_idempotency_key=key()
    )
    return {"p_transaction_id": taken["transaction_id"], "p_reason": "By mistake"}


def _movements(ground: Ground, part_id: str) -> int:
    found = ground.rows(
        "SELECT count(*) AS movements"
        " FROM public.pms_inventory_transactions AS t"
        " JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)"
        " WHERE s.yacht_id = %s AND s.part_id = %s",
        [ground.yacht_id, part_id],
    )
    return int(found[0]["movements"])


CLAIMS = (
    Claim("receive_201", "A delivery is received with 201.", receive),
    Claim(
        "duplicate_409",
        "A repeated call answers 409 with the first result, and writes nothing.",
        duplicate,
    ),
    Claim(
        "adjust_signature",
        "A count answers 400 without a signature, and 200 with one.",
        adjust,
        3,
    ),
    Claim(
        "signed_actions",
        "No signed action runs without a complete, right and fresh signature.",
        signed_actions,
        5,
    ),
)
