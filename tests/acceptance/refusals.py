"""Calls that are refused, and the code of each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, LiteralString

from tests.acceptance.scene import ITEM_STATES, SIGNED, WRITES
from tests.fleet import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.acceptance.scene import Arguments, Scene
    from tests.fleet import Part

    Changes = Callable[[Scene], Arguments]

MOVEMENTS = "consume_part receive_part transfer_part"
PAGED = "low_stock_parts search_parts stock_history"
PART_STATES = "deactivate_part reactivate_part"
LOCATION_STATES = "deactivate_location reactivate_location"
OF_A_PART = (
    f"{MOVEMENTS} update_part view_part_details on_hand_as_of {PART_STATES}"
    " part_suggestions request_part"
)
STEPS = "approve_shopping_item reject_shopping_item order_shopping_item"
OF_AN_ITEM = f"{STEPS} receive_shopping_item"
UPDATES = "update_part update_location"
SIGNED_MOVEMENTS = "adjust_stock_quantity write_off_part"
SIGNING = " ".join(SIGNED)
ARGUMENT = "invalid_argument"
QUANTITY = "invalid_quantity"


@dataclass(frozen=True)
class Refusal:
    """A call that is refused: how it differs from a good one, and the code."""

    function: str
    code: str
    changes: Changes
    label: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.function, self.code, self.label)))


def cases(functions: str, code: str, label: str, changes: Changes) -> Iterator[Refusal]:
    for function in functions.split():
        yield Refusal(function, code, changes, label)


def fixed(functions: str, code: str, label: str, **changes: Any) -> Iterator[Refusal]:
    return cases(functions, code, label, lambda _: changes)


def of(part: Part) -> Arguments:
    return {"p_part_id": part.part_id}


def item(name: str) -> Changes:
    return lambda scene: {"p_item_id": scene.items[name]}


def quantities() -> Iterator[Refusal]:
    """Quantities and keys that are missing or out of range."""
    values: dict[str, Any] = {
        "0": 0,
        "negative": -1,
        "too large": 1_000_001,
        "missing": ...,
        "null": None,
    }
    for label, value in values.items():
        yield from fixed(
            f"{MOVEMENTS} request_part receive_shopping_item",
            QUANTITY,
            label,
            p_quantity=value,
        )
    for label in ("negative", "too large", "null"):
        yield from fixed(
            "create_part", QUANTITY, label, p_opening_quantity=values[label]
        )


def keys() -> Iterator[Refusal]:
    values: dict[str, Any] = {
        "missing": ...,
        "null": None,
        "empty": "",
        "long": "k" * 256,
    }
    for label, value in values.items():
        yield from fixed(
            " ".join(WRITES),
            "missing_idempotency_key",
            label,
            p_idempotency_key=value,
        )


def missing() -> Iterator[Refusal]:
    """Arguments that must be given."""
    required = {
        "p_part_id": OF_A_PART + " stock_history",
        "p_from_location_id": "transfer_part",
        "p_to_location_id": "transfer_part",
        "p_part_number": "create_part",
        "p_name": "create_part create_location",
        "p_location_id": f"update_location {LOCATION_STATES}",
        "p_reason": f"{PART_STATES} {LOCATION_STATES}",
        "p_changes": UPDATES,
        "p_at": "on_hand_as_of",
        "p_query": "search_parts",
        "p_rows": "import_parts",
        "p_item_id": OF_AN_ITEM,
    }
    for argument, functions in required.items():
        yield from fixed(functions, ARGUMENT, f"no {argument}", **{argument: ...})
        yield from fixed(functions, ARGUMENT, f"null {argument}", **{argument: None})


def arguments() -> Iterator[Refusal]:
    """Arguments that cannot be."""
    wrong: list[tuple[str, str, Any]] = [
        (MOVEMENTS, "p_occurred_at", "2100-01-01T00:00:00Z"),
        (MOVEMENTS, "p_occurred_at", "infinity"),
        (MOVEMENTS, "p_notes", "n" * 2001),
        (MOVEMENTS, "p_expected_seq", -1),
        ("consume_part", "p_work_order", ""),
        ("consume_part", "p_equipment", "e" * 201),
        ("receive_part", "p_supplier", ""),
        ("receive_part", "p_reference", "r" * 201),
        ("request_part receive_shopping_item", "p_notes", "n" * 2001),
        ("receive_shopping_item", "p_occurred_at", "2100-01-01T00:00:00Z"),
        ("reject_shopping_item", "p_reason", " "),
        ("order_shopping_item", "p_supplier", ""),
        ("order_shopping_item", "p_reference", "r" * 201),
        ("on_hand_as_of", "p_clock", "sundial"),
        ("search_parts", "p_query", "  "),
        ("search_parts", "p_query", "x" * 201),
        ("import_parts", "p_rows", {}),
        ("import_parts", "p_rows", []),
        ("import_parts", "p_rows", [{}] * 1001),
        ("import_parts", "p_dry_run", None),
        ("create_part", "p_part_number", "  "),
        ("create_part", "p_unit", "bushel"),
        ("create_part", "p_min_level", -1),
        ("create_part", "p_max_level", 1_000_001),
        # Adrift: an opening quantity lies somewhere.
        ("create_part", "p_opening_quantity", 1),
        ("create_location", "p_name", "A / B"),
        (UPDATES, "p_changes", {}),
        (UPDATES, "p_changes", [1]),
        ("update_part", "p_changes", {"on_hand": 5}),
        ("update_part", "p_changes", {"name": None}),
        ("update_part", "p_changes", {"min_level": 1.5}),
        ("update_part", "p_changes", {"max_level": 3}),
        ("update_part", "p_changes", {"unit": "bushel"}),
        ("update_part", "p_changes", {"primary_location_id": "Locker"}),
        ("update_location", "p_changes", {"deleted_at": None}),
        ("update_location", "p_changes", {"name": " "}),
        ("update_location", "p_changes", {"name": 7}),
        ("update_location", "p_changes", {"name": "A / B"}),
        ("update_location", "p_changes", {"parent_location_id": "Deck"}),
        (f"{PART_STATES} {LOCATION_STATES}", "p_reason", " \n"),
        (f"{PART_STATES} {LOCATION_STATES}", "p_reason", "r" * 2001),
        *((PAGED, "p_limit", limit) for limit in (0, 501, -1, None)),
        # No base64; no JSON; no items; other items; items that are null.
        *(
            (PAGED, "p_after", cursor)
            for cursor in (
                "?",
                "bm90IGEgY3Vyc29y",
                "W10=",
                "WzEsMiwzLDRd",
                "W251bGwsbnVsbCxudWxsXQ==",
                "W251bGwsbnVsbCxudWxsLG51bGxd",
            )
        ),
    ]
    for number, (functions, argument, value) in enumerate(wrong):
        label = f"{argument} {number}"
        yield from fixed(functions, ARGUMENT, label, **{argument: value})
    yield from cases(
        "receive_part",
        ARGUMENT,
        "two places",
        lambda s: {"p_stock_id": s.ship.stock_id, "p_location_id": s.ship.bin},
    )
    yield from cases(
        "receive_shopping_item",
        ARGUMENT,
        "two places",
        lambda s: {"p_stock_id": s.ship.stock_id, "p_location_id": s.ship.bin},
    )
    yield from cases(
        "update_location",
        ARGUMENT,
        "into itself",
        lambda s: {"p_changes": {"parent_location_id": str(s.ship.bin)}},
    )


def absent() -> Iterator[Refusal]:
    """Parts and stocks that are not there, or not on this yacht."""
    nobody = "part_not_found"
    yield from cases(
        f"{OF_A_PART} action_list stock_history",
        nobody,
        "no such id",
        lambda _: {"p_part_id": new_id()},
    )
    yield from cases(
        f"{OF_A_PART} action_list stock_history",
        nobody,
        "another yacht's",
        lambda s: of(s.foreign.part),
    )
    nowhere = "stock_not_found"
    arriving = "consume_part receive_part"
    yield from cases(arriving, nowhere, "none at all", lambda s: of(s.loose))
    yield from cases(arriving, nowhere, "which of two", lambda s: of(s.split))
    yield from cases(
        arriving,
        nowhere,
        "another part's",
        lambda s: {"p_stock_id": s.split.stocks[s.ship.bin]},
    )
    yield from cases(
        "transfer_part",
        nowhere,
        "never there",
        lambda s: {"p_from_location_id": s.ship.bin, "p_to_location_id": s.ship.locker},
    )
    yield from cases(
        "stock_history",
        nowhere,
        "another yacht's",
        lambda s: {"p_part_id": ..., "p_stock_id": s.foreign.stock_id},
    )


def items() -> Iterator[Refusal]:
    """Steps that an item of the shopping list cannot take."""
    yield from fixed(OF_AN_ITEM, "item_not_found", "", p_item_id=new_id())
    allowed = {
        "approve_shopping_item": ["requested"],
        "reject_shopping_item": ["requested", "approved"],
        "order_shopping_item": ["approved"],
        "receive_shopping_item": ["ordered"],
    }
    for function, states in allowed.items():
        for status in ITEM_STATES:
            if status not in states:
                yield from cases(function, "illegal_transition", status, item(status))
        # Of a part that is gone, an item can still be taken off the list.
        if function != "reject_shopping_item":
            yield from cases(
                function, "part_deactivated", "", item(f"{states[0]} of the retired")
            )
    receiving = "receive_shopping_item"
    yield from fixed(receiving, QUANTITY, "more than outstanding", p_quantity=6)
    yield from cases(
        receiving,
        "stock_not_found",
        "another part's",
        lambda s: {"p_stock_id": s.split.stocks[s.ship.bin]},
    )
    yield from cases(
        receiving,
        "location_not_found",
        "",
        lambda s: {"p_location_id": s.foreign.locker},
    )
    yield from cases(
        receiving,
        "location_deactivated",
        "",
        lambda s: {"p_location_id": s.closed},
    )


def locations() -> Iterator[Refusal]:
    """Locations that are another yacht's, or deactivated."""

    def at(functions: str, argument: str) -> Iterator[Refusal]:
        yield from cases(
            functions,
            "location_not_found",
            argument,
            lambda s: {argument: s.foreign.locker},
        )
        yield from cases(
            functions, "location_deactivated", argument, lambda s: {argument: s.closed}
        )

    def to(function: str, key: str) -> Iterator[Refusal]:
        yield from cases(
            function,
            "location_not_found",
            key,
            lambda s: {"p_changes": {key: str(s.foreign.locker)}},
        )
        yield from cases(
            function,
            "location_deactivated",
            key,
            lambda s: {"p_changes": {key: str(s.closed)}},
        )

    yield from at("transfer_part", "p_from_location_id")
    yield from at("transfer_part", "p_to_location_id")
    yield from at("receive_part update_location", "p_location_id")
    yield from at("create_part", "p_primary_location_id")
    yield from at("create_location", "p_parent_location_id")
    yield from cases(
        LOCATION_STATES,
        "location_not_found",
        "another yacht's",
        lambda s: {"p_location_id": s.foreign.locker},
    )
    yield from cases(
        "reactivate_location",
        "location_deactivated",
        "within",
        lambda s: {"p_location_id": s.sunken},
    )
    yield from to("update_part", "primary_location_id")
    yield from to("update_location", "parent_location_id")
    yield from cases(
        "consume_part receive_part",
        "location_deactivated",
        "of its stock",
        lambda s: of(s.boxed),
    )


def conflicts() -> Iterator[Refusal]:
    """What stands against a call that is right by itself."""
    yield from cases(
        "transfer_part",
        "same_location",
        "",
        lambda s: {"p_to_location_id": s.ship.locker},
    )
    yield from fixed(
        "consume_part transfer_part", "insufficient_stock", "", p_quantity=11
    )
    yield from fixed(MOVEMENTS, "stale_count", "", p_expected_seq=7)
    yield from cases(
        f"{MOVEMENTS} update_part request_part",
        "part_deactivated",
        "",
        lambda s: of(s.retired),
    )
    left = "stock_not_empty"
    yield from cases("deactivate_part", left, "", lambda s: of(s.split))
    yield from cases(
        "deactivate_location", left, "", lambda s: {"p_location_id": s.ship.bin}
    )
    yield from cases(
        "deactivate_location",
        "illegal_transition",
        "",
        lambda s: {"p_location_id": s.deck},
    )
    taken = "part_number_taken"
    yield from fixed("create_part", taken, "number", p_part_number="f-100")
    yield from fixed("create_part", taken, "barcode", p_barcode="4006381333931")
    yield from fixed("update_part", taken, "", p_changes={"part_number": "L-1"})
    taken = "location_name_taken"
    yield from fixed("create_location", taken, "", p_name="LOCKER")
    yield from fixed("update_location", taken, "", p_changes={"name": "Locker"})


def signatures() -> Iterator[Refusal]:
    """Signatures that are missing, wrong, used, too many, or from who has none."""
    signers = f"{SIGNING} enroll_signature"
    for label, signature in (
        ("null", None),
        ("a PIN alone", {"pin": "271828"}),
        ("empty", {"pin": "", "totp": ""}),
        ("numbers", {"pin": 271828, "totp": 123456}),
    ):
        yield from fixed(signers, "signature_required", label, p_signature=signature)
    for half in ("pin", "totp"):
        yield from cases(
            signers,
            "invalid_signature",
            f"wrong {half}",
            lambda s, half=half: {  # type: ignore[misc]  # the loop's value
                "p_signature": s.fleet.signature(s.ship.captain) | {half: "99999"}
            },
        )
    yield from cases(
        "confirm_signature",
        "invalid_signature",
        "wrong code",
        lambda s: {"p_totp": s.pending(s.ship.captain)[1:]},
    )
    yield from fixed(
        "enroll_signature", "invalid_enrolment_code", "", p_code="AAAAAAAAAAAAAAAA"
    )
    for code, query in (
        (
            "signature_not_enrolled",
            "DELETE FROM private.signing_credentials WHERE user_id = %s",
        ),
        (
            "signing_key_missing",
            "UPDATE private.signing_credentials SET key_id = 'gone' WHERE user_id = %s",
        ),
        (
            "signature_locked",
            (
                "INSERT INTO private.signing_failures (user_id, action)"
                " SELECT %s, 'test' FROM generate_series(1, 5)"
            ),
        ),
        (
            "signature_busy",
            (
                "SELECT pg_advisory_lock("
                "hashtextextended('signature of ' || %s::uuid::text, 0))"
            ),
        ),
    ):
        yield from cases(signers, code, "", after(query, "p_signature"))
        yield from cases("confirm_signature", code, "", after(query, "p_totp"))


def after(query: LiteralString, argument: str) -> Changes:
    """Prepare a good signature and code of the captain, then spoil them."""

    def changes(scene: Scene) -> Arguments:
        captain = scene.ship.captain
        signature = scene.fleet.signature(captain)
        code = scene.pending(captain)
        scene.fleet.execute(query, [captain])
        return {argument: signature if argument == "p_signature" else code}

    return changes


def counted(part: Part, **more: Any) -> Arguments:
    """A whole count of one part."""
    line = {"part_id": str(part.part_id), "counted_quantity": 8} | more
    return {"p_counts": [line]}


def signed_movements() -> Iterator[Refusal]:
    """What stands against counts, write-offs and reversals that are signed well."""
    counts, many = "adjust_stock_quantity", "adjust_stock_quantities"
    undo = "reverse_transaction"
    for label, value in (("negative", -1), ("too large", 1_000_001)):
        yield from fixed(counts, QUANTITY, label, p_counted_quantity=value)
        yield from cases(
            many,
            QUANTITY,
            label,
            lambda s, value=value: counted(s.ship.part, counted_quantity=value),  # type: ignore[misc]  # the loop's value
        )
    for label, number in (("0", 0), ("null", None)):
        yield from fixed("write_off_part", QUANTITY, label, p_quantity=number)
    reasons = f"{SIGNED_MOVEMENTS} {many} {undo}"
    for label, reason in (("missing", ...), ("blank", "  "), ("long", "r" * 2001)):
        yield from fixed(reasons, ARGUMENT, f"reason {label}", p_reason=reason)
    yield from fixed(counts, ARGUMENT, "no count", p_counted_quantity=...)
    yield from fixed(many, ARGUMENT, "no lines", p_counts=[])
    yield from fixed("issue_enrolment_code", ARGUMENT, "nobody", p_user_id=...)
    yield from fixed("enroll_signature", ARGUMENT, "easy PIN", p_pin="123456")
    yield from fixed("confirm_signature", ARGUMENT, "no code", p_totp=...)
    found: list[tuple[str, str, Callable[[Scene], Part]]] = [
        ("part_not_found", "another yacht's", lambda s: s.foreign.part),
        ("stock_not_found", "which of two", lambda s: s.split),
        ("part_deactivated", "", lambda s: s.retired),
        ("location_deactivated", "", lambda s: s.boxed),
    ]
    for code, label, part in found:
        yield from cases(
            SIGNED_MOVEMENTS,
            code,
            label,
            lambda s, part=part: of(part(s)),  # type: ignore[misc]  # the loop's value
        )
        yield from cases(many, code, label, lambda s, part=part: counted(part(s)))  # type: ignore[misc]  # the loop's value
    yield from fixed(f"{SIGNED_MOVEMENTS} {undo}", "stale_count", "", p_expected_seq=7)
    yield from cases(
        many, "stale_count", "", lambda s: counted(s.ship.part, expected_seq=7)
    )
    yield from fixed("write_off_part", "insufficient_stock", "", p_quantity=11)
    movements: list[tuple[str, str, Callable[[Scene], Any]]] = [
        ("transaction_not_found", "no such id", lambda _: new_id()),
        (
            "transaction_not_found",
            "another yacht's",
            lambda s: s.movement(s.foreign.stock_id),
        ),
        ("already_reversed", "", lambda s: s.undone),
        (
            "not_reversible",
            "",
            lambda s: s.fleet.movements(s.split.stocks[s.ship.bin])[2][
                "transaction_id"
            ],
        ),
        (
            "part_deactivated",
            "",
            lambda s: s.movement(s.retired.stocks[s.ship.locker]),
        ),
        (
            "location_deactivated",
            "",
            lambda s: s.movement(s.boxed.stocks[s.closed]),
        ),
        (
            "insufficient_stock",
            "",
            lambda s: s.movement(s.spent.stocks[s.ship.locker]),
        ),
    ]
    for code, label, movement in movements:
        yield from cases(
            undo,
            code,
            label,
            lambda s, m=movement: {"p_transaction_id": m(s)},  # type: ignore[misc]  # the loop's value
        )


REFUSALS = list(
    chain(
        quantities(),
        keys(),
        missing(),
        arguments(),
        absent(),
        items(),
        locations(),
        conflicts(),
        signed_movements(),
        signatures(),
    )
)
