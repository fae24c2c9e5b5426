"""The text of a drafted migration: what was written, what is left to the author."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple, Self

from deploy.snapshot import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from deploy.snapshot import Entry

# One statement on one line: it can be uncommented and run as it stands.
_STATEMENT = re.compile(r"(?:GRANT|REVOKE|ALTER|COMMENT ON|INSERT INTO|CREATE) .*;$")

_ADD_COLUMN = re.compile(r'alter table "(.+?)"\."(.+?)" add column "(.+?)" ')

_REGCLASS = ("TABLE", "VIEW", "MATERIALIZED VIEW", "INDEX", "SEQUENCE")


class Scripts(NamedTuple):
    """The three scripts of a change."""

    deploy: str
    revert: str
    verify: str

    def requiring(self, changes: Iterable[str]) -> Self:
        """Name the required changes at the head of the deploy script."""
        head, _, rest = self.deploy.partition("\n")
        names = "".join(f"-- requires: {change}\n" for change in changes)
        return self._replace(deploy=f"{head}\n{names}{rest}")


def scripts(*, change: str, deploy: str, revert: str, checks: str) -> Scripts:
    """Wrap the parts of a change as Sqitch's templates do."""
    return Scripts(
        deploy=f"-- Deploy {change} to pg\n\nBEGIN;\n\n{deploy}COMMIT;\n",
        revert=f"-- Revert {change} from pg\n\nBEGIN;\n\n{revert}COMMIT;\n",
        verify=f"-- Verify {change} on pg\n\nBEGIN;\n\n{checks}ROLLBACK;\n",
    )


def in_column_order(
    statements: list[str], places: Mapping[tuple[str, str, str], int]
) -> list[str]:
    """Let added columns follow each other as in the table; `results` goes by name."""
    found = {
        index: (match[1], match[2], match[3])
        for index, statement in enumerate(statements)
        if (match := _ADD_COLUMN.match(statement))
    }
    ordered = sorted(
        found, key=lambda index: (found[index][:2], places.get(found[index], 0))
    )
    arranged = list(statements)
    for index, taken in zip(found, ordered, strict=True):
        arranged[index] = statements[taken]
    return arranged


def body(
    statements: Iterable[str], *, failed: Mapping[str, str], left_over: str
) -> str:
    """Join statements that work, those that `failed` with why, and what is left."""
    parts = [f"{statement}\n\n" for statement in statements]
    parts += [
        f"-- Fails on a trial:\n{_commented(error)}{_commented(statement)}\n"
        for statement, error in failed.items()
    ]
    if left_over:
        parts.append(
            "-- Left to the author: what differs still. SQL that runs as it stands\n"
            f"-- follows '-- ', lines of a comparison follow '-- |'.\n{left_over}\n"
        )
    return "".join(parts)


def hints(reached: Iterable[Entry], target: Iterable[Entry]) -> str:
    """Say in SQL comments how `reached` still differs from `target`."""
    have = {entry.label: entry for entry in reached}
    want = {entry.label: entry for entry in target}
    lines: list[str] = []
    for label in sorted(have.keys() | want.keys()):
        before = have[label].text if label in have else ""
        after = want[label].text if label in want else ""
        if before != after:
            lines += ["--", f"-- {label}", *_hint(before, after)]
    return "".join(f"{line}\n" for line in lines)


def _hint(before: str, after: str) -> Iterator[str]:
    if not before:
        yield from _commented(after).splitlines()
        return
    changed = [
        line
        for line in difflib.unified_diff(
            before.splitlines(), after.splitlines(), n=1, lineterm=""
        )
        if not line.startswith(("---", "+++", "@@"))
    ]
    edits = [line for line in changed if line[0] in "+-" and line[1:].strip()]
    if all(_STATEMENT.fullmatch(line[1:]) for line in edits):
        owned = {_owned(line[1:]) for line in edits if line[0] == "+"}
        for line in edits:
            if line[0] == "+":
                yield f"-- {line[1:]}"
            elif _owned(line[1:]) not in owned:
                yield f"-- | not: {line[1:]}"
    elif after:
        yield from (f"-- | {line}" for line in changed)
    else:
        yield "-- | is to go"


def _owned(statement: str) -> str:
    """Return the statement without the owner that it names, if it names one."""
    return re.sub(r" OWNER TO .*", " OWNER", statement)


def _commented(text: str) -> str:
    return "".join(f"-- {line}".rstrip() + "\n" for line in text.splitlines())


def checks(
    old: Iterable[Entry], new: Iterable[Entry], *, columns: Set[tuple[str, str, str]]
) -> str:
    """Assert that what is new is there; throw until the author has said the rest."""
    known = {entry.label for entry in old}
    made = [entry for entry in new if entry.label not in known]
    statements = [check for entry in made for check in _check(entry)]
    tables: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in sorted(columns):
        tables.setdefault((schema, table), []).append(column)
    for (schema, table), names in tables.items():
        listed = ",\n".join(f"    {identifier(name)}" for name in names)
        statements.append(
            f"SELECT\n{listed}\nFROM {identifier(schema)}.{identifier(table)}\n"
            "WHERE false;"
        )
    statements.append(
        "-- A draft proves nothing. Assert who may and who may not, and what else\n"
        "-- this change is for; then remove this block.\n"
        "DO $$\nBEGIN\n"
        "    RAISE EXCEPTION 'the verify script of this change is a draft';\n"
        "END\n$$;"
    )
    return "".join(f"{statement}\n\n" for statement in statements)


def _check(entry: Entry) -> Iterator[str]:
    schema = identifier(entry.schema)
    if entry.kind == "SCHEMA":
        yield f"SELECT {_literal(identifier(entry.name))}::regnamespace;"
    elif entry.kind == "FUNCTION":
        yield f"SELECT {_literal(f'{schema}.{entry.name}')}::regprocedure;"
    elif entry.kind == "TYPE":
        yield f"SELECT {_literal(f'{schema}.{identifier(entry.name)}')}::regtype;"
    elif entry.kind in _REGCLASS:
        yield f"SELECT {_literal(f'{schema}.{identifier(entry.name)}')}::regclass;"
    elif entry.kind in ("POLICY", "TRIGGER", "CONSTRAINT", "FK CONSTRAINT"):
        yield _on_table(entry)


def _on_table(entry: Entry) -> str:
    catalogue, column, relation = {
        "POLICY": ("pg_policy", "polname", "polrelid"),
        "TRIGGER": ("pg_trigger", "tgname", "tgrelid"),
    }.get(entry.kind, ("pg_constraint", "conname", "conrelid"))
    table, _, name = entry.name.partition(" ")
    qualified = f"{identifier(entry.schema)}.{identifier(table)}"
    return (
        f"SELECT 1 / count({column})\nFROM pg_catalog.{catalogue}\n"
        f"WHERE {relation} = {_literal(qualified)}::regclass\n"
        f"  AND {column} = {_literal(name)};"
    )


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
