"""What an adoption tells a person: a reconciliation, and each refusal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.adopt.plan import Plan
    from deploy.adopt.target import Outcome


def report(plan: Plan, outcome: Outcome, *, dry_run: bool = False) -> Iterator[str]:
    """The lines of it."""
    refused = Counter(row.table for row in outcome.refused)
    yield f"{'':<12}{'in':>8}{'new':>8}{'there':>8}{'refused':>9}"
    for kind, given in (
        ("locations", len(plan.locations)),
        ("parts", plan.rows["parts"]),
        ("people", plan.rows["people"]),
    ):
        # A part's own quantity may be refused while the part is taken.
        lost = given - outcome.new[kind] - outcome.present[kind]
        yield (
            f"{kind:<12}{given:>8}{outcome.new[kind]:>8}"
            f"{outcome.present[kind]:>8}{lost:>9}"
        )
    taken = outcome.opened + outcome.opened_before
    yield (
        f"{'units':<12}{plan.units:>8}{outcome.opened:>8}"
        f"{outcome.opened_before:>8}{outcome.refused_units():>9}"
    )
    if outcome.new["parents"]:
        yield f"{outcome.new['parents']} more locations are made to hold these."
    yield f"{plan.rows['stock']} stock rows make {len(outcome.stocks)} stocks."
    yield (
        f"Sums are equal: {plan.units} = {taken} taken"
        f" + {outcome.refused_units()} refused; the ledger has {outcome.in_ledger}."
    )
    yield f"check_inventory_drift(): none of {outcome.checked} stocks."
    if dry_run:
        yield "This was a dry run: nothing was written."
    if outcome.refused:
        yield ""
        yield f"{len(outcome.refused)} refused ({', '.join(_counts(refused))}):"
        yield from _table(outcome)


def _counts(refused: Counter[str]) -> Iterator[str]:
    for table, count in sorted(refused.items()):
        yield f"{count} of {table}"


def _table(outcome: Outcome) -> Iterator[str]:
    rows = sorted(outcome.refused)
    widths = [
        max(len(str(value)) for value in column)
        for column in zip(*((r.table, r.code, r.row) for r in rows), strict=True)
    ]
    for row in rows:
        cells = zip((row.table, row.code, row.row), widths, strict=True)
        line = "  ".join(f"{cell:<{width}}" for cell, width in cells)
        lost = f" ({row.quantity} units)" if row.quantity else ""
        yield f"  {line}  {row.reason}{lost}"
