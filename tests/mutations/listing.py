"""The list of mutations: which test fails without which safeguard.

`lists/<subject>.yaml` says for each safeguard, by kind and name, and for each way to
take it away, which pgTAP file notices it. A name or a way is meant literally where
there is one like it, else as a regular expression for the whole of it, whose groups are
{0}, {1} … in what is expected. A literal one comes before an expression, a later
expression before an earlier one.

    file      the file of tests/pgtap, without `.sql`
    fails     regular expression for a test that fails: what it searches is the test's
              description and, in lines below it, what pgTAP says of the failure
    stops     regular expression for the error that stops the file; only where the file
              cannot even set up its scene without the safeguard
    because   in place of these two: why nothing can notice it; the file passes
    replace   in a function or view: the text that is taken away, which stands there
              once; then the way is a sentence that says what the object does without it
    by        what comes in its place
    together  true: all that the entry names are taken away at once, one way at a time,
              and each has a failing test of its own
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.mutations.catalogue import Mutation

LISTS = Path(__file__).parent / "lists"


class ListError(Exception):
    """The list contradicts itself; the message says where."""


@dataclass(frozen=True)
class Expected:
    """What must notice a mutation; the module says what each part means."""

    file: str
    fails: str | None = None
    stops: str | None = None
    because: str | None = None
    together: bool = False
    replace: str | None = None
    by: str = ""

    def __post_init__(self) -> None:
        if [self.fails, self.stops, self.because].count(None) != 2:
            raise ListError(f"one of fails, stops, because: {self}")


@dataclass(frozen=True)
class Entry:
    """One line of a list."""

    kind: str
    name: str
    way: str
    expected: Expected

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.way}"

    def matches(self, mutation: Mutation) -> re.Match[str] | None:
        """Whether the entry is about the mutation, with the groups of its name."""
        if self.kind != mutation.kind or not _matches(self.way, mutation.way):
            return None
        return _matches(self.name, mutation.name)

    def expected_of(self, mutation: Mutation) -> Expected:
        """What must notice this mutation."""
        match = self.matches(mutation)
        assert match is not None
        groups = match.groups(default="")

        def filled(text: str | None, values: tuple[str, ...]) -> str | None:
            # Not str.format: a regular expression has braces of its own.
            for number, value in enumerate(values):
                text = text and text.replace(f"{{{number}}}", value)
            return text

        escaped = tuple(map(re.escape, groups))
        return Expected(
            filled(self.expected.file, groups) or "",
            filled(self.expected.fails, escaped),
            filled(self.expected.stops, escaped),
            self.expected.because,
            self.expected.together,
            self.expected.replace,
            self.expected.by,
        )


def _matches(written: str, found: str) -> re.Match[str] | None:
    literal = re.fullmatch(re.escape(written), found)
    return literal or re.fullmatch(written, found)


@cache
def read_list(subject: str) -> tuple[Entry, ...]:
    """The entries of `lists/<subject>.yaml`; raises ListError."""
    text = (LISTS / f"{subject}.yaml").read_text(encoding="utf-8")
    return (*_entries(yaml.safe_load(text)),)


def _entries(kinds: dict[str, Any]) -> Iterator[Entry]:
    for kind, names in kinds.items():
        for name, ways in names.items():
            for way, expected in ways.items():
                try:
                    yield Entry(kind, name, way, Expected(**expected))
                except TypeError as error:
                    raise ListError(f"{kind} {name}: {way}: {error}") from error


def entry_for(mutation: Mutation, entries: Sequence[Entry]) -> Entry | None:
    """The entry that is about the mutation: the most literal one, then the last."""

    def closeness(number: int) -> tuple[bool, bool, int]:
        entry = entries[number]
        return entry.name == mutation.name, entry.way == mutation.way, number

    found = [n for n, entry in enumerate(entries) if entry.matches(mutation)]
    return entries[max(found, key=closeness)] if found else None
