"""Reads matrix.yaml: for each object the outcome for everybody, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = Path(__file__).with_name("matrix.yaml")
OWN, OTHER, FOREIGN = PLACES = ("own yacht", "other yacht", "other tenant")
COMMANDS = ("select", "insert", "update", "delete")

# By place and person.
Outcomes = dict[tuple[str, str], str]


class MatrixError(Exception):
    """The matrix says nothing of somebody, or says it twice."""


@dataclass(frozen=True)
class Rpc:
    """Who may call, and the code for another yacht's id by parameter."""

    outcomes: Outcomes
    ids: Mapping[str, str]


@dataclass(frozen=True)
class Matrix:
    """The matrix with every group of people and places written out."""

    relations: Mapping[str, Mapping[str, Outcomes]]
    rpcs: Mapping[str, Rpc]
    services: tuple[str, ...]
    unreachable_relations: frozenset[str]
    unreachable_functions: frozenset[str]


class _Reader:
    def __init__(self, content: Mapping[str, Any]) -> None:
        self._groups: Mapping[str, list[str]] = content["who"]
        self._rules: Mapping[str, Any] = content["rules"]
        self.everybody = self._members("everybody")

    def _members(self, name: str) -> frozenset[str]:
        """The people of a group, of its groups, and so on; or one person."""
        return frozenset(self._walk(name))

    def _walk(self, name: str) -> Iterator[str]:
        for member in self._groups.get(name, ()):
            # The crew has people in the role of crew.
            yield from [member] if member == name else self._walk(member)
        if name not in self._groups:
            yield name

    def outcomes(self, rule: str) -> Outcomes:
        """A rule written out.

        :raises MatrixError: it does not say one thing of each person in each place.
        """
        given = self._rules[rule]
        if isinstance(given, str):
            given = {"everybody": given}
        if not set(given) & {*PLACES, "elsewhere"}:
            given = dict.fromkeys(PLACES, given)
        if "elsewhere" in given:
            given = {OWN: given[OWN], **dict.fromkeys(PLACES[1:], given["elsewhere"])}
        if set(given) != set(PLACES):
            raise MatrixError(f"{rule} is not about {', '.join(PLACES)}")
        written: Outcomes = {}
        for place, outcomes in given.items():
            for group, outcome in outcomes.items():
                for person in self._members(group):
                    if (place, person) in written or person not in self.everybody:
                        raise MatrixError(f"{rule}, {place}: {person} does not fit")
                    written[place, person] = outcome
        if len(written) != len(PLACES) * len(self.everybody):
            raise MatrixError(f"{rule} leaves somebody out")
        return written


def read() -> Matrix:
    """Read the matrix.

    :raises MatrixError: a rule is incomplete, or says two things at once.
    """
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    reader = _Reader(content)
    relations = content["relations"]
    for name, rules in relations.items():
        if set(rules) != set(COMMANDS):
            raise MatrixError(f"{name} needs a rule for {', '.join(COMMANDS)}")
    unreachable = content["unreachable"]
    return Matrix(
        relations={
            name: {command: reader.outcomes(rules[command]) for command in COMMANDS}
            for name, rules in relations.items()
        },
        rpcs={
            name: Rpc(reader.outcomes(rpc["calls"]), rpc["ids"])
            for name, rpc in content["rpcs"].items()
        },
        services=tuple(content["services"]),
        unreachable_relations=frozenset(unreachable["relations"]),
        unreachable_functions=frozenset(unreachable["functions"]),
    )
