"""What of the old rows can be taken, and as what: no database is asked here.

Texts are tidied (blanks, spellings of units and roles, separators of places). Whatever
could mean two things is refused with its reason; nothing is guessed. What a part, a
place, a movement or a role may be is not repeated here: that the new database says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from deploy.adopt.legacy import Legacy, Row

TRUST = ("stock", "part", "movements")

_SEPARATOR = re.compile(r"\s*[/\\>|→»]\s*")
_NOWHERE = frozenset({"", "-", "?", "n/a", "na", "none", "null", "tbd", "unknown"})
_UNITS = {
    **dict.fromkeys(("ea", "each", "pc", "piece", "pieces", "unit", "units"), "pcs"),
    **dict.fromkeys(("lt", "ltr", "liter", "liters", "litre", "litres"), "l"),
    **dict.fromkeys(("meter", "meters", "metre", "metres", "mtr"), "m"),
    **dict.fromkeys(("kgs", "kilo", "kilos"), "kg"),
    **dict.fromkeys(("sets",), "set"),
    **dict.fromkeys(("pairs", "pr"), "pair"),
    **dict.fromkeys(("boxes",), "box"),
}
_TEXTS = ("part_number", "name", "manufacturer", "category", "barcode")


@dataclass(frozen=True, order=True)
class Refused:
    """A row that is not taken: `quantity` is what does not come in with it."""

    table: str
    row: str
    code: str
    reason: str
    quantity: Decimal = Decimal(0)


@dataclass(frozen=True)
class Claim:
    """What is said to lie at a place: `part` is an index into `Plan.parts`."""

    part: int
    location: str
    quantity: int
    rows: tuple[str, ...]


@dataclass
class Plan:
    """What goes in, and what was refused on the way here.

    `locations` are paths, `parts` rows as `import_parts` takes them, `part_rows` the
    old ids of those. `rows` counts the old rows by table and `units` adds up all that
    they say is there.
    """

    locations: list[str] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    part_rows: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    units: Decimal = Decimal(0)

    def steps(self) -> int:
        """How much there is to do, for a progress bar."""
        things = (self.locations, self.parts, self.claims, self.people)
        return sum(len(each) for each in things)


def tidy(value: Any) -> str:
    """A text without superfluous blanks; empty for None."""
    return "" if value is None else " ".join(str(value).split())


def path(text: Any) -> str | None:
    """A text location as a path of names separated by " / "; None if it says nothing.

    Known separators are / \\ > | → and ».
    """
    tidied = tidy(text)
    if tidied.lower() in _NOWHERE:
        return None
    names = [name for name in _SEPARATOR.split(tidied) if name]
    return " / ".join(names) or None


def number(value: Any) -> Decimal | None:
    """A quantity, None if it is none at all; nothing said is 0."""
    if value is None or tidy(value) == "":
        return Decimal(0)
    try:
        found = Decimal(tidy(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def make(
    legacy: Legacy, *, trust: str | None = None, unplaced: str | None = None
) -> Plan:
    """Judge the old rows.

    `trust` (of TRUST) says whose quantity counts where they disagree; without it such
    a part comes in empty. `unplaced` is where parts lie that have no place; without it
    their quantity is refused.
    """
    return _Judge(legacy, trust, path(unplaced)).plan()


@dataclass
class _Judge:
    legacy: Legacy
    trust: str | None
    unplaced: str | None
    made: Plan = field(default_factory=Plan)
    # By old id of the part: its place in the plan, or why it is in none.
    known: dict[Any, int | str] = field(default_factory=dict)
    # By part number: the old id of the part that has it.
    numbers: dict[str, str] = field(default_factory=dict)
    piles: dict[tuple[int, str], Claim] = field(default_factory=dict)

    def plan(self) -> Plan:
        self.made.rows = {
            "parts": len(self.legacy.parts),
            "stock": len(self.legacy.stocks),
            "people": len(self.legacy.people),
        }
        stocks: dict[Any, list[Row]] = defaultdict(list)
        for stock in self.legacy.stocks:
            stocks[stock["part_id"]].append(stock)
        for part in self.legacy.parts:
            self._part(part, stocks.get(part["id"], []))
        for part in self.legacy.parts:
            self._quantities(part, stocks.pop(part["id"], []))
        for stock in (stock for orphans in stocks.values() for stock in orphans):
            self._refuse_row(
                "stock", stock, "orphaned_stock", "is of a part that is not there"
            )
        self.made.claims = [*self.piles.values()]
        self._locations()
        for person in self.legacy.people:
            self._person(person)
        return self.made

    def _part(self, part: Row, stocks: list[Row]) -> None:
        own = tidy(part["part_number"])
        twin = self.numbers.get(own.lower())
        if part["deleted_at"] is not None or part["is_active"] is False:
            self._refuse_part(part, "deleted", "was deleted there")
        elif own and twin:
            reason = f"{own} is the number of {twin} too"
            self._refuse_part(part, "duplicate_part_number", reason)
        else:
            self.numbers[own.lower()] = str(part["id"])
            self.known[part["id"]] = len(self.made.parts)
            self.made.parts.append(_fields(part, stocks))
            self.made.part_rows.append(str(part["id"]))

    def _refuse_part(self, part: Row, code: str, reason: str) -> None:
        self.known[part["id"]] = code
        self.made.refused.append(Refused("parts", str(part["id"]), code, reason))

    def _quantities(self, part: Row, stocks: list[Row]) -> None:
        known = self.known[part["id"]]
        rows = stocks or [part]
        table = "stock" if stocks else "parts"
        if isinstance(known, str):
            for row in rows:
                self._refuse_row(
                    table, row, "part_refused", f"its part was refused: {known}"
                )
            return
        said = self._figures(part, stocks)
        trusted = [number(row["quantity"]) for row in rows]
        if len(set(said.values())) > 1:
            chosen = self._chosen(part, stocks)
            if chosen is None:
                figures = ", ".join(
                    f"{who} says {units}" for who, units in said.items()
                )
                # By its number: a person looks a part up by that, not by a row's id.
                reason = f"{tidy(part['part_number']) or 'no number'}: {figures}"
                for row in rows:
                    self._refuse_row(table, row, "quantities_disagree", reason)
                return
            trusted = chosen
        for row, units in zip(rows, trusted, strict=True):
            self._claim(known, table, row, units, place=part["location"])

    def _figures(self, part: Row, stocks: list[Row]) -> dict[str, Decimal | None]:
        """What each source that says anything says of a part."""
        said: dict[str, Decimal | None] = {}
        if part["quantity"] is not None or not stocks:
            said["part"] = number(part["quantity"])
        if stocks:
            said["stock"] = _sum([number(row["quantity"]) for row in stocks])
        if any(self._moved(row) is not None for row in stocks):
            said["movements"] = _sum(self._by_movements(stocks))
        return said

    def _chosen(self, part: Row, stocks: list[Row]) -> list[Decimal | None] | None:
        """The quantity of each row as the trusted source says it; None if none can."""
        if self.trust == "stock":
            return [number(row["quantity"]) for row in stocks]
        if self.trust == "movements":
            return self._by_movements(stocks)
        if self.trust == "part" and len(stocks) == 1:
            return [number(part["quantity"])]
        return None

    def _by_movements(self, stocks: list[Row]) -> list[Decimal | None]:
        """What movements left of each stock; its own quantity where it has none."""
        moved = [self._moved(row) for row in stocks]
        return [
            number(row["quantity"]) if sum_ is None else sum_
            for row, sum_ in zip(stocks, moved, strict=True)
        ]

    def _moved(self, stock: Row) -> Decimal | None:
        return self._movements.get(stock["id"])

    @cached_property
    def _movements(self) -> dict[Any, Decimal]:
        """What the movements of each stock add up to, from what was there before."""
        summed: dict[Any, Decimal] = {}
        for row in self.legacy.movements:
            before = number(row["before"]) or Decimal(0)
            known = summed.get(row["stock_id"], before)
            summed[row["stock_id"]] = known + (number(row["change"]) or 0)
        return summed

    def _claim(
        self, part: int, table: str, row: Row, units: Decimal | None, *, place: Any
    ) -> None:
        where = path(row["location"]) or path(place) or self.unplaced
        refuse = _objection(units, where)
        if refuse:
            self._refuse_row(table, row, *refuse, units=units)
            return
        self.made.units += units or 0
        if units and where:
            # Two spellings of one place are one pile.
            key = (part, where.lower())
            pile = self.piles.get(key, Claim(part, where, 0, ()))
            rows = (*pile.rows, f"{table} {row['id']}")
            self.piles[key] = Claim(
                part, pile.location, pile.quantity + int(units), rows
            )

    def _refuse_row(
        self,
        table: str,
        row: Row,
        code: str,
        reason: str,
        *,
        units: Decimal | None = None,
    ) -> None:
        lost = number(row["quantity"]) if units is None else units
        self.made.units += lost or 0
        self.made.refused.append(
            Refused(table, str(row["id"]), code, reason, lost or Decimal(0))
        )

    def _locations(self) -> None:
        """Every place that any row names, whether or not something lies there."""
        rows = [*self.legacy.parts, *self.legacy.stocks]
        paths = [path(row["location"]) for row in rows]
        paths += [claim.location for claim in self.made.claims]
        found = {where.lower(): where for where in reversed(paths) if where}
        self.made.locations = sorted(found.values())

    def _person(self, person: Row) -> None:
        role = re.sub(r"[\s-]+", "_", tidy(person["role"]).lower())
        try:
            user_id = UUID(tidy(person["user_id"]))
        except ValueError:
            row = f"{tidy(person['user_id'])} {role}"
            self.made.refused.append(
                Refused("people", row, "invalid_user", "user_id is not a UUID")
            )
            return
        self.made.people.append({**person, "user_id": user_id, "role": role})


def _objection(units: Decimal | None, where: str | None) -> tuple[str, str] | None:
    if units is None:
        return "invalid_quantity", "the quantity is not a number"
    if units < 0:
        return "negative_quantity", f"{units} cannot lie anywhere"
    if units != units.to_integral_value():
        return "invalid_quantity", f"{units} is not a whole number"
    if units and where is None:
        return "no_location", f"{units} lie nowhere; ARGS='--unplaced …' names a place"
    return None


def _sum(values: list[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if len(known) == len(values) else None


def _fields(part: Row, stocks: list[Row]) -> Row:
    """An old part as `import_parts` takes it."""
    places = [path(row["location"]) for row in (part, *stocks)]
    unit = tidy(part["unit"]).lower()
    made: Row = {name: tidy(part[name]) for name in _TEXTS}
    description = part["description"]
    made["description"] = None if description is None else str(description).strip()
    made["unit"] = _UNITS.get(unit, unit)
    made["is_critical"] = part["is_critical"]
    made["location"] = next(filter(None, places), None)
    made["min_level"] = part["min_level"]
    made["max_level"] = part["max_level"]
    return made
