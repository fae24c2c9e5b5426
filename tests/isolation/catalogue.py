"""What the database has that the matrix must speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import psycopg

    from tests.acceptance.scene import Arguments

SCHEMAS = ["public", "private", "master"]
# Holds proof of a person, and nothing of a yacht.
SEALED = {"p_signature"}


def relations(connection: psycopg.Connection) -> set[str]:
    """Tables, views and the like; of Supabase's schema what policies of ours are on."""
    found = connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE (n.nspname = ANY (%s) OR n.nspname = 'storage')"
        " AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')",
        [SCHEMAS],
    ).fetchall()
    return {name for (name,) in found}


def functions(connection: psycopg.Connection, schemas: list[str]) -> dict[str, str]:
    """Functions by name, each with a call whose arguments are all NULL."""
    found = connection.execute(
        """
        SELECT
            n.nspname || '.' || p.proname,
            format('%%I.%%I(%%s)', n.nspname, p.proname, (
                SELECT string_agg(
                    CASE WHEN p.provariadic <> 0 AND a.place = p.pronargs
                        THEN 'VARIADIC ' ELSE ''
                    END || 'NULL::' || format_type(a.type, NULL),
                    ', ' ORDER BY a.place)
                FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)))
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname = ANY (%s)
        """,
        [schemas],
    ).fetchall()
    return dict(found)


@dataclass(frozen=True)
class Slot:
    """Where an id goes into a call: a parameter, or a key of a parameter's objects."""

    parameter: str
    key: str = ""
    listed: bool = False

    def __str__(self) -> str:
        path = self.parameter + ("[]" if self.listed else "")
        return f"{path}.{self.key}" if self.key else path

    @property
    def kind(self) -> str:
        """What the id is of: the end of its name."""
        return (self.key or self.parameter.removeprefix("p_")).removesuffix("s")

    def filled(self, arguments: Arguments, value: UUID) -> Arguments:
        """The arguments with the id in this place."""
        given: Any = value
        if self.key:
            before = arguments[self.parameter]
            item = (before[0] if self.listed else before) | {self.key: str(value)}
            given = [item, *before[1:]] if self.listed else item
        elif self.listed:
            given = [value]
        return arguments | {self.parameter: given}


def slots(
    connection: psycopg.Connection, function: str, arguments: Arguments
) -> Iterator[Slot]:
    """Every place of an RPC for an id: parameters by type, and keys of objects.

    :param arguments: a good call's: they show whether a JSON value is an array. Its
        objects are tried with every name of an id that any table has.
    """
    found = connection.execute(
        "SELECT a.name, format_type(a.type, NULL)"
        " FROM pg_proc AS p"
        " CROSS JOIN unnest(p.proargnames[:p.pronargs], p.proargtypes::oid[])"
        "   AS a (name, type)"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.proname = %s",
        [function],
    ).fetchall()
    for name, kind in found:
        if name == "p_yacht_id" or name in SEALED:
            continue
        if kind in ("uuid", "uuid[]"):
            yield Slot(name, listed=kind == "uuid[]")
        elif kind in ("json", "jsonb"):
            listed = isinstance(arguments[name], list)
            for key in _names_of_ids(connection):
                yield Slot(name, key, listed)


def _names_of_ids(connection: psycopg.Connection) -> list[str]:
    found = connection.execute(
        "SELECT DISTINCT a.attname FROM pg_attribute AS a"
        " JOIN pg_class AS c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = ANY (%s::regnamespace[])"
        " AND c.relkind IN ('r', 'p', 'v') AND a.atttypid = 'uuid'::regtype"
        " ORDER BY a.attname",
        [["public", "private"]],
    ).fetchall()
    return [name for (name,) in found]
