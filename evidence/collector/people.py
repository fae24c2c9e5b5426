"""Claims on people: who may do what, what is suggested to them, whose yacht it is."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from evidence.collector.claims import Claim, Finding
from evidence.collector.ground import HEADS, ROLES, key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evidence.collector.ground import Ground

LEADERS = ("captain", "manager")
HOD = (*HEADS, *LEADERS)
# DESIGN's table, written out once more: the registry is what is examined.
AUDIENCES: Mapping[tuple[str, ...], str] = {
    ROLES: """
        action_list confirm_signature consume_part enroll_signature low_stock_parts
        on_hand_as_of part_suggestions request_part search_parts stock_history
        transfer_part view_part_details write_off_part
    """,
    HOD: """
        approve_shopping_item create_location create_part import_parts
        order_shopping_item receive_part receive_shopping_item reject_shopping_item
        reverse_transaction update_location update_part
    """,
    ("chief_engineer", *LEADERS): "adjust_stock_quantities adjust_stock_quantity",
    LEADERS: """
        deactivate_location deactivate_part issue_enrolment_code reactivate_location
        reactivate_part
    """,
}
MAY: Mapping[str, tuple[str, ...]] = {
    action: roles for roles, names in AUDIENCES.items() for action in names.split()
}
PERSONS = (*ROLES, "stranger")
REFUSED = {"role_not_allowed", "not_on_yacht"}


def roles(ground: Ground) -> Finding:
    """Each role tries each action: without arguments, so that the gate alone speaks."""
    got = {
        action: {who: _gate(ground, who, action) for who in PERSONS}
        for action in sorted(MAY)
    }
    wrong = [
        {"action": action, "role": who, "answer": code}
        for action, answers in got.items()
        for who, code in answers.items()
        if (code == "allowed") != (who in MAY[action])
    ]
    listed = {
        row["action"]: sorted(row["roles"])
        for row in ground.call("crew", "action_list").body
    }
    differs = sorted(
        action
        for action in listed.keys() | MAY.keys()
        if listed.get(action) != sorted(MAY.get(action, ()))
    )
    return Finding(
        not wrong and not differs,
        {"answers": got, "differs": wrong, "action_list_differs": differs},
    )


def _gate(ground: Ground, who: str, action: str) -> str:
    answer = ground.call(who, action)
    code = answer.code
    if answer.status >= 500:
        return answer.shown
    return code if code in REFUSED else "allowed"


def suggestions(ground: Ground) -> Finding:
    """A part for each reason that there is, and what each role is told of it."""
    parts = _reasons(ground)
    got = {
        who: {
            reason: _suggestion(ground, who, part)
            for reason, (part, _) in parts.items()
        }
        for who in PERSONS
    }
    wanted = {
        who: {
            reason: told if who in ROLES else {"refused": "403 not_on_yacht"}
            for reason, (_, told) in parts.items()
        }
        for who in PERSONS
    }
    return Finding(got == wanted, {"expected_of_crew": wanted["crew"], "answers": got})


def _suggestion(ground: Ground, who: str, part: str) -> dict[str, Any]:
    answer = ground.call(who, "part_suggestions", p_part_id=part)
    if answer.status != 200:
        return {"refused": answer.shown}
    return {
        name: answer.body[name]
        for name in ("suggested_quantity", "suppressed_by", "warnings")
    }


def _reasons(ground: Ground) -> dict[str, tuple[str, dict[str, Any]]]:
    """A part by reason, and what is to be said of it."""

    def told(quantity: int, by: str | None = None, *warnings: str) -> dict[str, Any]:
        return {
            "suggested_quantity": quantity,
            "suppressed_by": by,
            "warnings": list(warnings),
        }

    levels = {"p_min_level": 10, "p_max_level": 20}
    parts = {
        "below_minimum": (ground.part("Low", 2, **levels), told(18)),
        "twice_the_minimum": (ground.part("Low", 2, p_min_level=10), told(18)),
        "no_minimum": (ground.part("Without minimum"), told(0, "no_minimum")),
        "enough_on_hand": (
            ground.part("Full", 10, **levels),
            told(0, "enough_on_hand"),
        ),
        "enough_on_order": (
            ground.part("Ordered", 2, **levels),
            told(0, "enough_on_order"),
        ),
        "requested": (
            ground.part("Requested", 2, **levels),
            told(18, None, "already_requested"),
        ),
        "deactivated": (ground.part("Retired", **levels), told(0, "deactivated")),
    }
    for reason in ("enough_on_order", "requested"):
        item = ground.done(
            "crew",
            "request_part",
            p_part_id=parts[reason][0],
            p_quantity=18,
            p_idempotency_key=key(),
        )["item_id"]
        if reason == "enough_on_order":
            ground.done(
                "purser",
                "approve_shopping_item",
                p_item_id=item,
                p_idempotency_key=key(),
            )
    ground.done(
        "captain",
        "deactivate_part",
        p_part_id=parts["deactivated"][0],
        p_reason="Sold",
        p_idempotency_key=key(),
    )
    return parts


def low_stock(ground: Ground) -> Finding:
    """What is listed as low, against the parts and the rule."""
    _reasons(ground)
    listed: list[dict[str, Any]] = []
    after = None
    while True:
        page = ground.call("crew", "low_stock_parts", p_after=after, p_limit=500).body
        if not page:
            break
        listed += page
        after = page[-1]["cursor"]
    shown = [
        {name: row[name] for name in ("part_number", "min_level", "on_hand")}
        for row in sorted(listed, key=lambda row: str(row["part_number"]))
    ]
    zero = [row for row in shown if row["min_level"] == 0]
    numbers = {row["part_number"] for row in shown}
    known = ground.rows(
        "SELECT count(*) FILTER (WHERE s.min_level = 0) AS without_minimum,"
        " coalesce(array_agg(s.part_number ORDER BY s.part_number)"
        " FILTER (WHERE s.min_level > 0 AND s.on_hand < s.min_level"
        " AND p.deleted_at IS NULL), '{}') AS low"
        " FROM public.pms_part_stock AS s"
        " JOIN public.pms_parts AS p USING (yacht_id, part_id)"
        " WHERE s.yacht_id = %s",
        [ground.yacht_id],
    )[0]
    return Finding(
        bool(shown)
        and not zero
        and known["without_minimum"] > 0
        and numbers == set(known["low"]),
        {
            "listed": shown,
            "listed_with_min_level_0": len(zero),
            "parts_with_min_level_0": known["without_minimum"],
            "expected": known["low"],
        },
    )


def single_tenant(ground: Ground) -> Finding:
    """A person of the yacht asks for each other one, and for one that is not there."""
    yachts = ground.rows(
        "SELECT y.yacht_id FROM public.yacht_registry AS y WHERE y.yacht_id <> %s"
        " ORDER BY y.yacht_id",
        [ground.yacht_id],
    )
    asked = [row["yacht_id"] for row in yachts][-50:]
    answers = {
        ground.call("manager", "search_parts", p_yacht_id=yacht, p_query="a").shown
        for yacht in (*asked, ground.other_yacht)
    }
    missing = ground.call(
        "manager", "search_parts", p_yacht_id=uuid.uuid4(), p_query="a"
    ).shown
    foreign = ground.call("stranger", "search_parts", p_query="a").shown
    own = ground.call("manager", "search_parts", p_query="a").shown
    strays = {
        table: ground.rows(_STRAYS[table])[0]["strays"] for table in sorted(_STRAYS)
    }
    denied = "403 not_on_yacht"
    return Finding(
        answers == {denied}
        and missing == foreign == denied
        and own == "200"
        and not any(strays.values()),
        {
            "other_yachts_asked": len(asked),
            "of_other_yachts": sorted(answers),
            "of_a_yacht_that_is_not_there": missing,
            "of_the_own_yacht": own,
            "stranger_of_this_yacht": foreign,
            "rows_of_no_yacht_of_the_tenant": strays,
        },
    )


_STRAYS = {
    table: f"SELECT count(*) AS strays FROM public.{table} AS t WHERE NOT EXISTS"  # noqa: S608 - names of ours
    " (SELECT FROM public.yacht_registry AS y WHERE y.yacht_id = t.yacht_id)"
    for table in (
        "auth_users_roles",
        "pms_audit_log",
        "pms_inventory_stock",
        "pms_inventory_transactions",
        "pms_part_locations",
        "pms_part_usage",
        "pms_parts",
        "pms_shopping_list_items",
    )
}

CLAIMS = (
    Claim(
        "role_matrix",
        "Each action is open to the roles of the design, and to nobody else.",
        roles,
        4,
    ),
    Claim(
        "suggestions",
        "Each role is told what to order, or by which rule nothing.",
        suggestions,
        2,
    ),
    Claim(
        "view_filter",
        "Low stock lists what is below its minimum, and no part with min_level 0.",
        low_stock,
    ),
    Claim(
        "single_tenant",
        "People reach their own yacht alone, and no row is of an unknown yacht.",
        single_tenant,
    ),
)
