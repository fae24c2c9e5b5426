"""What the ledger should say: the rules once more, in Python, without a database.

Parts are known by their number and locations by the path of their names, both as
their lower-case selves: the model has no use for ids.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fleet import HEADS

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]
Place = tuple[str, Path]

MAY_CHANGE = {*HEADS, "captain", "manager"}
RESTRICTED = {"receive_part", "create_part", "create_location", "import_parts"}
LARGEST = 1_000_000


@dataclass(frozen=True)
class Movement:
    """A movement as its stock's ledger shows it."""

    seq: int
    before: int
    change: int
    after: int
    kind: str


@dataclass
class Part:
    """A part: its number as it was written last, and where it is meant to lie."""

    spelling: str
    name: str
    primary: Path | None = None
    active: bool = True


@dataclass(frozen=True)
class Row:
    """A row of an import."""

    spelling: str
    name: str
    location: Path | None
    opening: int

    @property
    def number(self) -> str:
        return self.spelling.lower()


@dataclass
class Imported:
    """What an import answers: line numbers, counts, and codes by line."""

    created: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    unchanged: int = 0
    locations: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Ledger:
    """The yacht's locations, parts and stocks.

    Each action returns the code of its refusal, or None when it was carried out.
    """

    locations: dict[Path, bool] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    stocks: dict[Place, list[Movement]] = field(default_factory=dict)

    def on_hand(self, number: str) -> int:
        return sum(self.newest(place).after for place in self.places(number))

    def places(self, number: str) -> list[Place]:
        return [place for place in self.stocks if place[0] == number]

    def newest(self, place: Place) -> Movement:
        """The newest movement of a stock; before the first, one that is none."""
        movements = self.stocks.get(place)
        return movements[-1] if movements else Movement(0, 0, 0, 0, "none")

    def create_location(self, path: Path) -> str | None:
        parent = path[:-1]
        if parent and (refusal := self._location_error(parent)):
            return refusal
        if path in self.locations:
            return "location_name_taken"
        self.locations[path] = True
        return None

    def create_part(
        self, spelling: str, name: str, location: Path | None, opening: int
    ) -> str | None:
        number = spelling.lower()
        if location is not None and (refusal := self._location_error(location)):
            return refusal
        if number in self.parts:
            return "part_number_taken"
        self.parts[number] = Part(spelling, name, location)
        if location is not None:
            self.stocks[number, location] = []
        if location is not None and opening:
            self._append((number, location), opening, "opening")
        return None

    def consume(
        self, number: str, quantity: int, place: Place | None, expected_seq: int | None
    ) -> str | None:
        if number not in self.parts:
            return "part_not_found"
        if not self.parts[number].active:
            return "part_deactivated"
        found = self._meant(number, place)
        if found is None:
            return "stock_not_found"
        return self._move(found, -quantity, "consumed", expected_seq)

    def receive(
        self,
        number: str,
        quantity: int,
        location: Path | None,
        expected_seq: int | None,
    ) -> str | None:
        part = self.parts.get(number)
        if part is None:
            return "part_not_found"
        meant = self._meant(number, None) if location is None else None
        if meant is None:
            location = location or part.primary
            if location is not None and location not in self.locations:
                return "location_not_found"
            if not part.active:
                return "part_deactivated"
            if location is None:
                return "stock_not_found"
            if not self.locations[location]:
                return "location_deactivated"
            meant = (number, location)
        elif not part.active:
            return "part_deactivated"
        with self._opened(meant):
            return self._move(meant, quantity, "received", expected_seq)

    def transfer(
        self,
        number: str,
        quantity: int,
        source: Path,
        target: Path,
        expected_seq: int | None,
    ) -> str | None:
        part = self.parts.get(number)
        if part is None:
            return "part_not_found"
        if source not in self.locations:
            return "location_not_found"
        if not part.active:
            return "part_deactivated"
        if not self.locations[source]:
            return "location_deactivated"
        if (number, source) not in self.stocks:
            return "stock_not_found"
        if refusal := self._location_error(target):
            return refusal
        with self._opened((number, target)):
            refusal = self._move(
                (number, source), -quantity, "transferred_out", expected_seq
            )
            return refusal or self._move(
                (number, target), quantity, "transferred_in", None
            )

    def import_rows(self, rows: list[Row], *, dry_run: bool) -> Imported:
        """Import row by row in the order of the numbers; a dry run changes nothing."""
        answer, trial = Imported(), copy.deepcopy(self)
        seen: set[str] = set()
        for line, row in sorted(enumerate(rows, 1), key=lambda each: each[1].number):
            attempt = copy.deepcopy(trial)
            code = "duplicate_line" if row.number in seen else None
            seen.add(row.number)
            if code is None:
                code, outcome, made = attempt.take_row(row)
            if code is not None:
                answer.refused.append((line, code))
                continue
            trial = attempt
            answer.locations += made
            if outcome == "unchanged":
                answer.unchanged += 1
            else:
                (answer.created if outcome == "created" else answer.updated).append(
                    line
                )
        for lines in (answer.created, answer.updated):
            lines.sort()
        answer.refused.sort()
        if not dry_run:
            self.locations, self.parts = trial.locations, trial.parts
            self.stocks = trial.stocks
        return answer

    def take_row(self, row: Row) -> tuple[str | None, str, int]:
        if row.opening and row.location is None:
            return "invalid_location", "", 0
        made = 0
        for depth in range(1, len(row.location or ()) + 1):
            path = (row.location or ())[:depth]
            made += path not in self.locations
            if not self.locations.setdefault(path, True):
                return "location_deactivated", "", 0
        known = self.parts.get(row.number)
        part = self.parts.setdefault(
            row.number, Part(row.spelling, row.name, row.location)
        )
        if not part.active:
            return "part_deactivated", "", 0
        before = copy.copy(part)
        part.spelling, part.name = row.spelling, row.name
        part.primary = row.location or part.primary
        outcome = "unchanged" if part == before else "updated"
        if row.location is not None:
            place = (row.number, row.location)
            self.stocks.setdefault(place, [])
            # An opening is a part's first movement, wherever it lies.
            if row.opening and not any(map(self.stocks.get, self.places(row.number))):
                self._append(place, row.opening, "opening")
                outcome = "updated"
        return None, outcome if known else "created", made

    def _location_error(self, path: Path) -> str | None:
        if path not in self.locations:
            return "location_not_found"
        return None if self.locations[path] else "location_deactivated"

    def _meant(self, number: str, place: Place | None) -> Place | None:
        """The stock that a call means: the named, the primary, or the only one."""
        if place is not None:
            return place if place[0] == number and place in self.stocks else None
        primary = self.parts[number].primary
        if primary is not None and (number, primary) in self.stocks:
            return number, primary
        places = self.places(number)
        return places[0] if len(places) == 1 else None

    @contextmanager
    def _opened(self, place: Place) -> Iterator[None]:
        """A stock at `place`; one that was opened for a refused call is undone."""
        is_new = place not in self.stocks
        self.stocks.setdefault(place, [])
        yield
        if is_new and not self.stocks[place]:
            del self.stocks[place]

    def _move(
        self, place: Place, change: int, kind: str, expected_seq: int | None
    ) -> str | None:
        newest = self.newest(place)
        if not self.locations[place[1]]:
            return "location_deactivated"
        if expected_seq is not None and expected_seq != newest.seq:
            return "stale_count"
        if newest.after + change < 0:
            return "insufficient_stock"
        self._append(place, change, kind)
        return None

    def _append(self, place: Place, change: int, kind: str) -> None:
        newest = self.newest(place)
        self.stocks[place].append(
            Movement(newest.seq + 1, newest.after, change, newest.after + change, kind)
        )


def refused_before(
    function: str, role: str | None, quantity: int | None = None
) -> str | None:
    """The code with which a call is refused before anything is looked up."""
    if role is None:
        return "not_on_yacht"
    if function in RESTRICTED and role not in MAY_CHANGE:
        return "role_not_allowed"
    if quantity is not None and not 1 <= quantity <= LARGEST:
        return "invalid_quantity"
    return None
