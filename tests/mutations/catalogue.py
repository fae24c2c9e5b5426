"""The safeguards that stand in the catalogue, and the ways to take each away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

SAFEGUARDS = Path(__file__).parent / "safeguards"


@dataclass(frozen=True, order=True)
class Mutation:
    """A safeguard and one way to take it away; `statement` does it."""

    kind: str
    name: str
    way: str
    statement: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.way}"


def mutations(connection: psycopg.Connection, subject: str) -> list[Mutation]:
    """All mutations of `safeguards/<subject>.sql`, sorted."""
    query = (SAFEGUARDS / f"{subject}.sql").read_bytes()
    return sorted(
        mutation
        for row in connection.execute(query).fetchall()
        for mutation in _weakened(*row)
    )


def rewritten(connection: psycopg.Connection, name: str, old: str, new: str) -> str:
    """The statement that makes a function or view anew, with `new` in place of `old`.

    Raises ValueError unless there is one such object and `old` stands in it once.
    """
    rows = connection.execute(_SOURCE, {"name": name}).fetchall()
    if len(rows) != 1:
        raise ValueError(f"{name} is {len(rows)} functions and views")
    source = str(rows[0][0])
    if source.count(old) != 1:
        raise ValueError(f"{name} has {source.count(old)} times: {old}")
    return source.replace(old, new)


_SOURCE = """
SELECT pg_get_functiondef(p.oid)
FROM pg_catalog.pg_proc AS p
WHERE p.pronamespace::regnamespace || '.' || p.proname = %(name)s
UNION ALL
SELECT format('CREATE OR REPLACE VIEW %%s WITH (%%s) AS %%s', %(name)s,
              array_to_string(c.reloptions, ', '), pg_get_viewdef(c.oid))
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace::regnamespace || '.' || c.relname = %(name)s
  AND c.relkind = 'v'
"""


def _weakened(
    kind: str, name: str, way: str, statement: str, condition: str | None
) -> Iterator[Mutation]:
    """One mutation; of a condition of several parts one for each part left out."""
    if condition is None:
        yield Mutation(kind, name, way, statement)
        return
    parts = conjuncts(condition)
    for number, part in enumerate(parts, start=1):
        left = [other for other in parts if other is not part]
        yield Mutation(
            kind,
            name,
            f"{way} {number}" if left else way,
            statement.replace("{condition}", " AND ".join(left) or "true"),
        )


def conjuncts(condition: str) -> list[str]:
    """The parts of a condition, as PostgreSQL prints it, that AND joins.

    PostgreSQL puts each operand into parentheses of its own, so that an AND which is
    not inside a pair belongs to the whole.
    """
    inner = condition
    while _is_enclosed(inner):
        inner = inner[1:-1]
    parts = [""]
    depth = 0
    for word in inner.split(" "):
        if depth == 0 and word == "AND":
            parts.append("")
            continue
        parts[-1] += f" {word}" if parts[-1] else word
        depth += word.count("(") - word.count(")")
    if len(parts) == 1:
        return [condition]
    return [leaf for part in parts for leaf in conjuncts(part)]


def _is_enclosed(text: str) -> bool:
    """Whether the first parenthesis is closed by the last."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position == len(text) - 1
    return False
