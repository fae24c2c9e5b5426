"""All that a database is made of, as text that can be compared.

What PostgreSQL's own tools print is taken from them: `pg_dump --schema-only --create`
(objects, owners, privileges, comments, database settings) and
`pg_dumpall --roles-only` (roles, settings, memberships). The rest, which they leave
out, is read from the catalogue: the rows of every table, extension versions, and
invalid indexes.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from deploy.desired import libpq_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Sqitch keeps its history there: the desired state has none.
HISTORY_SCHEMA = "sqitch"

_HEADER = re.compile(
    r"^--\n-- Name: (?P<name>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*?);"
    r" Owner: (?P<owner>.*?)(?:; Tablespace: .*)?\n--\n",
    re.MULTILINE,
)
# Settings that pg_dump makes between two entries; a function's body may hold the like.
_BETWEEN = re.compile(
    r"(?:^SET default_(?:tablespace|table_access_method) = .*;\s*)+\Z", re.MULTILINE
)
_SESSION = re.compile(r"^(?:SET |SELECT pg_catalog\.set_config|\\).*\n", re.MULTILINE)
_TRAILER = "--\n-- PostgreSQL database dump complete\n--"
_POLICY_ROLES = re.compile(
    r"^(CREATE POLICY .+? ON \S+(?: AS RESTRICTIVE)?(?: FOR [A-Z]+)? TO )"
    r'([\w", ]+?)(?=;| USING \(| WITH CHECK \()'
)
_ROLE_STATEMENT = re.compile(
    r"(?:CREATE ROLE|ALTER ROLE|COMMENT ON ROLE|GRANT) (\"(?:[^\"]|\"\")+\"|\w+)"
)
_SECTIONS = {
    "DATABASE": "database",
    "DATABASE PROPERTIES": "database",
    "DEFAULT ACL": "default privileges",
}


class SnapshotError(Exception):
    """The database could not be read; the message is the tool's."""


@dataclass(frozen=True, order=True, kw_only=True)
class Entry:
    """One object, or one fact about it, with the SQL that makes it.

    The order of entries says nothing, the order of lines in `text` does.
    """

    section: str
    schema: str
    name: str
    kind: str
    text: str

    @property
    def label(self) -> str:
        """What the entry is about; no two entries of a database share it."""
        prefix = "" if self.schema in ("", "-") else f"{self.schema}."
        return f"{self.section}: {self.kind} {prefix}{self.name}"


def entries(url: str) -> tuple[Entry, ...]:
    """Read the database at `url`.

    The role of `url` must see everything: a superuser, or the deployer, who has
    BYPASSRLS. Raises SnapshotError.
    """
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            database = connection.info.dbname
            catalogue = [*_rows(connection), *_catalogue(connection)]
    except psycopg.Error as error:
        raise SnapshotError(str(error).strip()) from error
    return tuple(sorted([*_schema(url, database), *_roles(url, database), *catalogue]))


def render(found: Iterable[Entry]) -> str:
    """Write entries as one text, each under its label."""
    return "".join(f"-- {entry.label}\n{entry.text}\n" for entry in found)


def snapshot(url: str) -> str:
    """Return everything about the database at `url` as one text."""
    return render(entries(url))


def identifier(name: str) -> str:
    """Quote a name where SQL needs it."""
    if re.fullmatch(r"[a-z_][a-z0-9_$]*", name):
        return name
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def _run(command: list[str], url: str) -> str:
    done = subprocess.run(
        command,
        env=libpq_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SnapshotError(done.stderr.strip())
    return done.stdout


def _schema(url: str, database: str) -> Iterator[Entry]:
    dump = _run(
        ["pg_dump", "--schema-only", "--create", f"--exclude-schema={HISTORY_SCHEMA}"],
        url,
    )
    dump = dump.rpartition(_TRAILER)[0]
    starts = [*_HEADER.finditer(dump)]
    ends = [*(start.start() for start in starts[1:]), len(dump)]
    for start, end in zip(starts, ends, strict=True):
        name, kind = start["name"], start["kind"]
        text = _BETWEEN.sub("", dump[start.end() : end]).strip() + "\n"
        section = _SECTIONS.get(kind, "schema")
        if kind == "DEFAULT ACL":
            name += f" of {start['owner']}"
        if section == "database" or name == f"DATABASE {database}":
            # The same for a copy under another name.
            section = "database"
            text = _SESSION.sub("", text).strip() + "\n"
            name, text = (_without_name(part, database) for part in (name, text))
        yield Entry(
            section=section,
            schema=start["schema"],
            name=name,
            kind=kind,
            text=_ordered(kind, text),
        )


def _without_name(text: str, database: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(database)}(?!\w)", "current_database", text)


def _ordered(kind: str, text: str) -> str:
    """Put what PostgreSQL keeps as a set, in order of creation, into one order."""
    if kind in ("ACL", "DEFAULT ACL", "DATABASE PROPERTIES"):
        by_grantor = re.sub(
            r"^(SET SESSION AUTHORIZATION .*;)\n(.*)\n(RESET SESSION AUTHORIZATION;)$",
            r"\1 \2 \3",
            text,
            flags=re.MULTILINE,
        )
        lines = [line for line in by_grantor.splitlines() if line]
        lines.sort(key=lambda line: ("REVOKE" not in line, line))
        return "\n".join(lines) + "\n"
    if kind == "POLICY":
        return _POLICY_ROLES.sub(_sorted_roles, text)
    return text


def _sorted_roles(found: re.Match[str]) -> str:
    return found[1] + ", ".join(sorted(found[2].split(", ")))


def _roles(url: str, database: str) -> Iterator[Entry]:
    dump = _run(
        [
            "pg_dumpall",
            "--roles-only",
            "--no-role-passwords",
            f"--database={database}",
        ],
        url,
    )
    statements: dict[str, list[str]] = {}
    statement = ""
    for line in dump.splitlines():
        if not statement and (not line or line.startswith(("--", "\\", "SET "))):
            continue
        statement += line + "\n"
        if line.endswith(";"):
            found = _ROLE_STATEMENT.match(statement)
            role = found[1] if found else ""
            statements.setdefault(role, []).append(statement)
            statement = ""
    for role, texts in statements.items():
        texts.sort(key=_role_order)
        yield Entry(
            section="roles", schema="", name=role, kind="ROLE", text="".join(texts)
        )


def _role_order(statement: str) -> tuple[int, str]:
    created = statement.startswith("CREATE ROLE")
    attributes = statement.split()[3:4] == ["WITH"]
    return (0 if created else 1 if attributes else 2, statement)


_ROW_COLUMNS = r"""
WITH tables AS (
    SELECT c.oid, n.nspname, c.relname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r'
      AND n.nspname !~ '^pg_'
      AND n.nspname NOT IN ('information_schema', %(history)s)
      AND NOT EXISTS (
          SELECT
          FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_class'::regclass
            AND d.objid = c.oid
            AND d.deptype = 'e'
      )
)
SELECT
    t.nspname,
    t.relname,
    a.attname,
    a.attidentity <> ''
        OR a.attgenerated <> ''
        OR coalesce(d.adbin::text ~ 'SQLVALUEFUNCTION', false)
        OR EXISTS (
            SELECT
            FROM pg_catalog.regexp_matches(d.adbin::text, ':funcid (\d+)', 'g') AS m
            JOIN pg_catalog.pg_proc AS p ON p.oid = m[1]::oid
            WHERE p.provolatile <> 'i'
        ) AS is_generated,
    ARRAY(
        SELECT fn.nspname || '.' || fc.relname || '.' || fa.attname
        FROM pg_catalog.pg_constraint AS k
        CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (own, other)
        JOIN pg_catalog.pg_class AS fc ON fc.oid = k.confrelid
        JOIN pg_catalog.pg_namespace AS fn ON fn.oid = fc.relnamespace
        JOIN pg_catalog.pg_attribute AS fa
            ON fa.attrelid = k.confrelid AND fa.attnum = pair.other
        WHERE k.conrelid = t.oid
          AND k.contype = 'f'
          AND pair.own = a.attnum
    ) AS refers_to
FROM tables AS t
JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
ORDER BY t.nspname, t.relname, a.attname
"""


def _rows(connection: psycopg.Connection) -> Iterator[Entry]:
    """Read the rows of every table as INSERT statements, in one order.

    A column whose default differs from run to run (ids, times), or which refers to
    such a column, reads DEFAULT: its values cannot be the same in two databases.
    """
    columns: dict[tuple[str, str], list[str]] = {}
    generated: set[str] = set()
    references: dict[str, list[str]] = {}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        cursor.execute("SET LOCAL DateStyle = 'ISO'")
        # Fewer rows than there are would make the comparison worthless.
        cursor.execute("SET LOCAL row_security = off")
        cursor.execute(_ROW_COLUMNS, {"history": HISTORY_SCHEMA})
        for schema, table, column, is_generated, refers_to in cursor.fetchall():
            columns.setdefault((schema, table), []).append(column)
            if is_generated:
                generated.add(f"{schema}.{table}.{column}")
            references[f"{schema}.{table}.{column}"] = refers_to
        _spread(generated, references)
        for (schema, table), names in columns.items():
            hidden = {name for name in names if f"{schema}.{table}.{name}" in generated}
            cursor.execute(_inserts(schema, table, names, hidden))
            found = sorted(str(row[0]) for row in cursor.fetchall())
            if found:
                yield Entry(
                    section="seed rows",
                    schema=schema,
                    name=table,
                    kind="ROWS",
                    text="\n".join(found) + "\n",
                )


def _spread(generated: set[str], references: dict[str, list[str]]) -> None:
    grown = True
    while grown:
        reached = {
            column for column, others in references.items() if generated & {*others}
        }
        grown = not reached <= generated
        generated |= reached


def _inserts(
    schema: str, table: str, names: list[str], hidden: set[str]
) -> sql.Composed:
    listed = ", ".join(map(identifier, names))
    into = f"{identifier(schema)}.{identifier(table)}"
    head = f"INSERT INTO {into} ({listed}) VALUES ("  # noqa: S608 - text, never run
    values = sql.SQL(" || ', ' || ").join(
        sql.SQL(
            "CASE WHEN t.{0} IS NULL THEN 'NULL' ELSE 'DEFAULT' END"
            if name in hidden
            else "pg_catalog.quote_nullable(t.{0})"
        ).format(sql.Identifier(name))
        for name in names
    )
    return sql.SQL("SELECT {head} || {values} || ');' FROM ONLY {table} AS t").format(
        head=sql.Literal(head),
        values=values,
        table=sql.Identifier(schema, table),
    )


_EXTENSIONS = """
SELECT
    e.extname,
    format(
        '-- version %s, schema %I, owner %I',
        e.extversion, n.nspname, pg_get_userbyid(e.extowner)
    )
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
"""

_INVALID_INDEXES = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
  AND n.nspname !~ '^pg_'
"""


def _catalogue(connection: psycopg.Connection) -> Iterator[Entry]:
    for name, text in connection.execute(_EXTENSIONS).fetchall():
        yield Entry(
            section="extensions",
            schema="",
            name=name,
            kind="EXTENSION",
            text=f"{text}\n",
        )
    for schema, name in connection.execute(_INVALID_INDEXES).fetchall():
        yield Entry(
            section="schema",
            schema=schema,
            name=name,
            kind="INVALID INDEX",
            text="-- left behind by a failed build: drop it or build it again\n",
        )
