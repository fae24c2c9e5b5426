"""Where the matrix is played: two yachts of one tenant, one of another, everybody."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from deploy.cluster import DATABASE
from tests.acceptance.scene import SIGNED, WRITES, Scene, set_scene
from tests.fleet import ACT_AS, PIN, Answer, Desk, desk, secret_of, totp
from tests.isolation.matrix import FOREIGN, OTHER, OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from deploy.cluster import Cluster
    from tests.acceptance.scene import Arguments
    from tests.fleet import Fleet

ROLES = {"anonymous": "anon", "service_role": "service_role"}
# What makes a role count for nothing.
ENDED = {
    "inactive": "is_active = false",
    "expired": "valid_until = valid_from + interval '1 microsecond'",
    "early": "valid_from = now() + interval '1 day'",
}
BUCKET = "pms-part-photos"
SPARE_BUCKET = "spare"
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def populate(fleet: Fleet, url: str) -> Scene:
    """A yacht with rows in every table: a call leaves its traces in the rest."""
    scene = set_scene(fleet)
    with desk(url) as call:
        # Of another part than the good calls take.
        stock = {
            "p_part_id": scene.split.part_id,
            "p_stock_id": scene.split.stocks[scene.ship.bin],
        }
        used = scene.arguments("consume_part", p_work_order="WO-1", **stock)
        assert call(scene.ship.captain, "consume_part", **used).status == 200
    fleet.execute(
        "INSERT INTO storage.objects (bucket_id, name) VALUES (%s, %s)",
        [BUCKET, f"{scene.yacht_id}/a/1.png"],
    )
    return scene


def everybody(fleet: Fleet, scene: Scene) -> dict[str, UUID | None]:
    """Those of the matrix, by name; machines are nobody."""
    people: dict[str, UUID | None] = dict(scene.ship.people)
    for name, change in ENDED.items():
        people[name] = fleet.person(scene.yacht_id, "manager")
        fleet.connection.execute(
            f"UPDATE public.auth_users_roles SET {change} WHERE user_id = %s".encode(),  # noqa: S608  from the list above
            [people[name]],
        )
    people["stranger"] = scene.stranger
    for person in people.values():
        if person is not None:
            fleet.enrol(person)
            fleet.enrol(person, confirmed=False)
    return people | dict.fromkeys(ROLES)


@dataclass(frozen=True)
class Stage:
    """The scenes by place, and the superuser's connections to the two databases."""

    scenes: Mapping[str, Scene]
    people: Mapping[str, UUID | None]
    home: psycopg.Connection = field(repr=False)
    abroad: psycopg.Connection = field(repr=False)

    def connection(self, place: str) -> psycopg.Connection:
        return self.abroad if place == FOREIGN else self.home

    def arguments(
        self, function: str, place: str, name: str, **changes: Any
    ) -> Arguments:
        """A good call's, on the yacht of a place; signed, where it is, by the caller.

        The signature stays good: what is called is undone.
        """
        signer = self.people[name] or self.people["captain"]
        assert signer is not None
        code = totp(secret_of(signer))
        if function in SIGNED or function == "enroll_signature":
            changes["p_signature"] = {"pin": PIN, "totp": code}
        elif function == "confirm_signature":
            changes["p_totp"] = code
        return self.scenes[place].arguments(function, **changes)

    @contextmanager
    def undone(self, place: str = OWN) -> Iterator[psycopg.Connection]:
        """A transaction of which nothing stays."""
        connection = self.connection(place)
        with connection.transaction(force_rollback=True):
            yield connection

    def call(
        self,
        connection: psycopg.Connection,
        name: str,
        function: str,
        arguments: Arguments,
    ) -> Answer:
        """Call as somebody of the matrix; a raised error is answered with its code.

        What is checked at the end of a transaction is checked here.
        """
        try:
            answer = Desk(connection, _role(name))(
                self.people[name], function, **arguments
            )
            connection.execute("RESET ROLE")
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.Error as error:
            return Answer(500, {"code": error.sqlstate})
        return answer

    def reach(self, name: str, command: str, relation: str, place: str) -> str:
        """Try a command on the rows of a place's yacht, as somebody of the matrix."""
        statement = statement_for(self.connection(place), command, relation)
        return self.run(name, statement, place)

    def run(self, name: str, statement: sql.Composed | bytes, place: str = OWN) -> str:
        """Run a statement as somebody of the matrix; undone. The outcome in its words.

        Two things have SQLSTATE 42501: what is not granted, and what a policy refuses.
        """
        actor = {"person": self.people[name], "role": _role(name)}
        try:
            with self.undone(place) as connection:
                connection.execute(ACT_AS, actor)
                yacht = {"yacht": self.scenes[place].yacht_id}
                found = connection.execute(statement, yacht).rowcount
        except psycopg.errors.InsufficientPrivilege as error:
            by_policy = "row-level security" in str(error)
            return "policy" if by_policy else "denied"
        except psycopg.Error as error:
            return error.sqlstate or ""
        return "rows" if found else "none"


def _role(name: str) -> str:
    return ROLES.get(name, "authenticated")


def statement_for(
    connection: psycopg.Connection, command: str, relation: str
) -> sql.Composed:
    """A command on the rows of %(yacht)s: all rows where a table has no yachts."""
    schema, _, name = relation.partition(".")
    columns = connection.execute(
        "SELECT a.attname FROM pg_attribute AS a"
        " WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0"
        " AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum",
        [relation],
    ).fetchall()
    names = [column for (column,) in columns]
    own = sql.SQL("true")
    rows = sql.SQL("DEFAULT VALUES")
    if relation == "storage.objects":
        own = sql.SQL("starts_with(name, %(yacht)s::text)")
        rows = sql.SQL(
            "(bucket_id, name) VALUES"
            " ('pms-part-photos', %(yacht)s::text || '/a/2.png')"
        )
    elif relation == "storage.buckets":
        own = sql.SQL("id = 'spare'")
        rows = sql.SQL("(id, name) VALUES ('new', 'new')")
    elif "yacht_id" in names:
        own = sql.SQL("yacht_id = %(yacht)s")
    forms = {
        "select": sql.SQL("SELECT FROM {table} WHERE {own} LIMIT 1"),
        "insert": sql.SQL("INSERT INTO {table} {rows}"),
        "update": sql.SQL("UPDATE {table} SET {first} = {first} WHERE {own}"),
        "delete": sql.SQL("DELETE FROM {table} WHERE {own}"),
    }
    return forms[command].format(
        table=sql.Identifier(schema, name),
        own=own,
        rows=rows,
        first=sql.Identifier(names[0]),
    )


def outcome(function: str, answer: Answer) -> str:
    """An answer in the matrix's words."""
    if answer.status == WRITES.get(function, 200):
        return "ok"
    return answer.code or str(answer.status)


def digests(
    connection: psycopg.Connection, *, logging: UUID | None = None
) -> dict[str, str]:
    """A digest of each table's rows; without the audit log of the yacht `logging`."""
    tables = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND n.nspname IN ('public', 'private', 'master', 'storage')"
    ).fetchall()
    digest = sql.SQL(
        "SELECT {label}, md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), ''))"
        " FROM {table} AS t WHERE {kept}"
    )
    parts = [
        digest.format(
            label=sql.Literal(f"{schema}.{table}"),
            table=sql.Identifier(schema, table),
            kept=sql.SQL(
                "t.yacht_id IS DISTINCT FROM %(logging)s::uuid"
                if table == "pms_audit_log"
                else "true"
            ),
        )
        for schema, table in tables
    ]
    union = sql.SQL(" UNION ALL ").join(parts)
    return dict(connection.execute(union, {"logging": logging}).fetchall())


def ids_of(connection: psycopg.Connection, yacht_id: UUID) -> set[str]:
    """Every UUID in the rows of a yacht."""
    tables = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'yacht_id'"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND n.nspname IN ('public', 'private')"
    ).fetchall()
    rows = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT t::text FROM {} AS t WHERE t.yacht_id = %(yacht)s").format(
            sql.Identifier(schema, table)
        )
        for schema, table in tables
    )
    found = connection.execute(rows, {"yacht": yacht_id}).fetchall()
    return {text for (row,) in found for text in UUID_TEXT.findall(row)}


def prepare(cluster: Cluster) -> None:
    """What belongs to no yacht."""
    with cluster.connect(DATABASE) as connection:
        # As on Supabase; on PostgreSQL 15 only a superuser can give it.
        connection.execute("ALTER ROLE service_role BYPASSRLS")
        connection.execute(
            "INSERT INTO storage.buckets (id, name) VALUES (%s, %s)",
            [SPARE_BUCKET, SPARE_BUCKET],
        )


@contextmanager
def set_stage(
    home: Cluster, abroad: Cluster, fleets: tuple[Fleet, Fleet]
) -> Iterator[Stage]:
    """Two yachts at home and one abroad; `fleets` are the deployer's, in that order."""
    prepare(home)
    prepare(abroad)
    scenes = {
        OWN: populate(fleets[0], home.url("authenticator")),
        OTHER: populate(fleets[0], home.url("authenticator")),
        FOREIGN: populate(fleets[1], abroad.url("authenticator")),
    }
    people = everybody(fleets[0], scenes[OWN])
    with home.connect(DATABASE) as here, abroad.connect(DATABASE) as there:
        yield Stage(scenes, people, here, there)
