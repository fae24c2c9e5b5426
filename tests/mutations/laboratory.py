"""Takes safeguards away and looks whether a test notices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from tests.mutations import trial
from tests.mutations.catalogue import Mutation, mutations, rewritten
from tests.mutations.listing import entry_for, read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.mutations.listing import Entry, Expected
    from tests.mutations.trial import Outcome


@dataclass
class Laboratory:
    """A database of its own for mutations, and what is known of it.

    `connection` commits by itself and has every right.
    """

    connection: psycopg.Connection
    _found: dict[str, list[Mutation]] = field(default_factory=dict)
    _chosen: dict[tuple[str, tuple[Entry, ...]], dict[Mutation, Entry | None]] = field(
        default_factory=dict
    )
    _sound: set[str] = field(default_factory=set)

    def found(self, subject: str) -> list[Mutation]:
        """The mutations of a subject: of the catalogue, and of sources by the list."""
        if subject not in self._found:
            self._found[subject] = mutations(self.connection, subject) + [
                Mutation(entry.kind, entry.name, entry.way, self._rewriting(entry))
                for entry in read_list(subject)
                if entry.expected.replace
            ]
        return self._found[subject]

    def _rewriting(self, entry: Entry) -> str:
        return rewritten(
            self.connection,
            entry.name,
            entry.expected.replace or "",
            entry.expected.by,
        )

    def chosen(self, subject: str) -> dict[Mutation, Entry | None]:
        """The mutations of a subject, each with the entry that is about it."""
        entries = read_list(subject)
        if (subject, entries) not in self._chosen:
            self._chosen[subject, entries] = {
                mutation: entry_for(mutation, entries)
                for mutation in self.found(subject)
            }
        return self._chosen[subject, entries]

    def differences(self, subject: str) -> list[str]:
        """Mutations that the list does not name; entries that name none."""
        entries = read_list(subject)
        chosen = self.chosen(subject)
        return [f"not in the list: {m}" for m, entry in chosen.items() if not entry] + [
            f"not in the database: {entry}"
            for entry in entries
            if entry not in chosen.values()
        ]

    def unnoticed(self, subject: str, entry: Entry) -> list[str]:
        """The mutations of an entry that nothing noticed, each with what came of it."""
        mine = [m for m, about in self.chosen(subject).items() if about == entry]
        if not mine:
            return [f"not in the database: {entry}"]
        if not entry.expected.together:
            return [line for m in mine for line in self._try(entry, [m])]
        mine.sort(key=lambda mutation: mutation.way)
        return [
            line
            for _, group in groupby(mine, key=lambda mutation: mutation.way)
            for line in self._try(entry, [*group])
        ]

    def _try(self, entry: Entry, group: list[Mutation]) -> Iterator[str]:
        """Take a group away at once; each has to be noticed."""
        expected = [entry.expected_of(mutation) for mutation in group]
        file = expected[0].file
        self._demand_sound(file)
        outcome = trial.run(
            self.connection, file, [mutation.statement for mutation in group]
        )
        for mutation, one in zip(group, expected, strict=True):
            if not _is_as_expected(outcome, one):
                yield f"{mutation}\n{mutation.statement}\n{file}.sql: {outcome}"

    def _demand_sound(self, file: str) -> None:
        """Without a mutation the file passes, run in the same way."""
        if file not in self._sound:
            outcome = trial.run(self.connection, file)
            if not outcome.is_faultless:
                raise trial.TrialError(f"{file}.sql fails by itself: {outcome}")
            self._sound.add(file)


def _is_as_expected(outcome: Outcome, expected: Expected) -> bool:
    if expected.fails:
        wanted = re.compile(expected.fails, re.MULTILINE)
        return any(wanted.search(failed) for failed in outcome.failed)
    if expected.stops:
        return bool(outcome.error and re.search(expected.stops, outcome.error))
    return outcome.is_faultless
