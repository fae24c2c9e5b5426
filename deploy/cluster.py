"""A PostgreSQL cluster with the logins and databases of Part Lens."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString
from urllib.parse import quote, urlencode

import click
import psycopg
from psycopg import sql

from deploy import scram
from deploy.server import Server, ServerError
from deploy.state import State, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DATABASE = "part_lens"
ADMINISTRATOR = "postgres"
DEPLOYER = "part_lens_deployer"
# The deployer is what a managed server has: no superuser. It reads past row security to
# change data and to dump it.
DEPLOYER_RIGHTS: LiteralString = "LOGIN NOSUPERUSER CREATEROLE CREATEDB BYPASSRLS"
# Made by the deployer, so that it may grant them roles on PostgreSQL 16 and newer.
LOGINS: Mapping[str, LiteralString] = {
    "authenticator": "LOGIN NOINHERIT",
    "master_resolver": "LOGIN NOINHERIT",
}
# Made before any migration, because only the superuser can let it read the key's file.
KEYHOLDER = "pms_keyholder"
KEY_READER = "pg_catalog.pg_read_file(text, bigint, bigint, boolean)"
UNREADABLE = (
    "the connection string cannot be read; in a URL, write a password's % as %25, its @"
    " as %40 and its / as %2F"
)


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster whose files belong to `directory`.

    `passwords` maps each login (see `deploy.state.LOGINS`) to its password; `settings`
    are server settings over the defaults; `bin_dir` names another server's programs.
    Passwords are hashed `rounds` times, which each connection repeats, by default as
    often as PostgreSQL has it: few are for clusters that are thrown away.
    """

    directory: Path
    passwords: Mapping[str, str] = field(repr=False, kw_only=True)
    settings: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    bin_dir: Path | None = field(default=None, kw_only=True)
    rounds: int | None = field(default=None, kw_only=True)

    @property
    def server(self) -> Server:
        return Server(self.directory, self.settings, self.bin_dir)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def socket_dir(self) -> Path:
        return self.server.socket_dir

    def start(self) -> bool:
        """Start it, and make it and its logins first if need be.

        True if it had to be started. ServerError if that fails.
        """
        started = self.server.start(self.passwords[ADMINISTRATOR])
        try:
            self._make_logins()
        except psycopg.OperationalError as error:
            # The connection's SQLSTATE is not kept where the connection fails.
            if "password authentication failed" in str(error):
                raise ServerError(
                    f"the cluster in {self.directory} was made with other secrets;"
                    " `make clean` starts over"
                ) from error
            raise ServerError(first_line(error)) from error
        return started

    def stop(self, mode: str = "fast") -> bool:
        """Stop it; False if it was not running."""
        return self.server.stop(mode=mode)

    def destroy(self) -> None:
        """Stop it and remove all its files."""
        self.server.destroy()

    def is_running(self) -> bool:
        return self.server.is_running()

    def url(self, user: str, dbname: str = DATABASE, *, tcp: bool = False) -> str:
        """The libpq URL of a database for a login, with its password.

        Over the unix socket, or over loopback with `tcp`.
        """
        return self.url_with_password(user, self.passwords[user], dbname, tcp=tcp)

    def url_with_password(
        self, user: str, password: str, dbname: str = DATABASE, *, tcp: bool = False
    ) -> str:
        """The same for a login that a test or a tool made by itself."""
        place = f"{quote(user, safe='')}:{quote(password, safe='')}@"
        database = quote(dbname, safe="")
        if tcp:
            return f"postgresql://{place}127.0.0.1:{self.port}/{database}"
        where = urlencode({"host": str(self.socket_dir), "port": self.port})
        return f"postgresql://{place}/{database}?{where}"

    @contextmanager
    def connect(
        self, dbname: str = "postgres", *, user: str = ADMINISTRATOR
    ) -> Iterator[psycopg.Connection]:
        """An autocommit connection, by default the superuser's."""
        with psycopg.connect(self.url(user, dbname), autocommit=True) as connection:
            yield connection

    def has_database(self, name: str) -> bool:
        with self.connect() as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", [name]
            )
            return found.fetchone() is not None

    def create_database(
        self, name: str, *, owner: str = DEPLOYER, template: str | None = None
    ) -> None:
        """Create a database, empty or as a full copy of `template`.

        A copy gets the template's privileges and settings too, which PostgreSQL does
        not copy. Nobody may be connected to the template.
        """
        # Copied as files it takes half the time, but a checkpoint, which is quick only
        # where nothing has to be durable.
        as_files = self.settings.get("fsync") == "off"
        statement = sql.SQL(
            "CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}"
        ).format(
            sql.Identifier(name),
            sql.Identifier(owner),
            sql.Identifier(template or "template0"),
            sql.SQL("FILE_COPY" if as_files else "WAL_LOG"),
        )
        with self.connect() as connection:
            connection.execute(statement)
            if template is not None:
                _copy_privileges(connection, template, name)
                _copy_settings(connection, template, name)
        self.grant_key(name)

    def grant_key(self, name: str) -> None:
        """Let private.totp_key read its file in a database; again does no harm.

        A grant on a function of the server holds in one database.
        """
        with self.connect(name) as connection:
            connection.execute(
                sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(
                    sql.SQL(KEY_READER), sql.Identifier(KEYHOLDER)
                )
            )

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    sql.Identifier(name)
                )
            )

    def _make_logins(self) -> None:
        with self.connect() as connection:
            # Two starts at once would both find a login missing.
            connection.execute("SELECT pg_catalog.pg_advisory_lock(7071)")
            if self.rounds and not _has_role(connection, DEPLOYER):
                # The superuser's is initdb's.
                self._set_password(connection, "ALTER ROLE {}", ADMINISTRATOR)
            self._make_login(connection, DEPLOYER, DEPLOYER_RIGHTS)
            connection.execute(
                sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(DEPLOYER))
            )
            for login, rights in LOGINS.items():
                self._make_login(connection, login, rights)
            if not _has_role(connection, KEYHOLDER):
                connection.execute(
                    sql.SQL("CREATE ROLE {} NOLOGIN ROLE {}").format(
                        sql.Identifier(KEYHOLDER), sql.Identifier(DEPLOYER)
                    )
                )

    def _make_login(
        self, connection: psycopg.Connection, login: str, rights: LiteralString
    ) -> None:
        if _has_role(connection, login):
            return
        self._set_password(connection, f"CREATE ROLE {{}} {rights}", login)

    def _set_password(
        self, connection: psycopg.Connection, statement: LiteralString, login: str
    ) -> None:
        # Hashed here: the server's log would hold the password.
        password = self.passwords[login].encode()
        verifier = (
            scram.verifier(password, rounds=self.rounds)
            if self.rounds
            else connection.pgconn.encrypt_password(
                password, login.encode(), b"scram-sha-256"
            )
        )
        connection.execute(
            sql.SQL(statement + " PASSWORD {}").format(
                sql.Identifier(login), sql.Literal(verifier.decode())
            )
        )


def _has_role(connection: psycopg.Connection, name: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", [name]
    )
    return found.fetchone() is not None


def _copy_privileges(connection: psycopg.Connection, source: str, target: str) -> None:
    database = sql.Identifier(target)
    granted = connection.execute(
        """
        SELECT CASE acl.grantee WHEN 0 THEN NULL ELSE acl.grantee::regrole::text END,
               acl.privilege_type,
               acl.is_grantable
          FROM pg_catalog.pg_database AS d
         CROSS JOIN pg_catalog.aclexplode(
               coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS acl
         WHERE d.datname = %s
           AND acl.grantee <> d.datdba
        """,
        [source],
    ).fetchall()
    connection.execute(
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database)
    )
    for grantee, privilege, grantable in granted:
        connection.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(privilege),
                database,
                # regrole::text is quoted where it needs to be.
                sql.SQL(grantee or "PUBLIC"),
                sql.SQL(" WITH GRANT OPTION" if grantable else ""),
            )
        )


def _copy_settings(connection: psycopg.Connection, source: str, target: str) -> None:
    settings = connection.execute(
        """
        SELECT CASE s.setrole WHEN 0 THEN NULL ELSE s.setrole::regrole::text END,
               pg_catalog.split_part(entry, '=', 1),
               pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') + 1)
          FROM pg_catalog.pg_db_role_setting AS s
          JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
         CROSS JOIN pg_catalog.unnest(s.setconfig) AS entry
         WHERE d.datname = %s
        """,
        [source],
    ).fetchall()
    for role, name, value in settings:
        scope = (
            sql.SQL("DATABASE {}").format(sql.Identifier(target))
            if role is None
            else sql.SQL("ROLE {} IN DATABASE {}").format(
                sql.SQL(role), sql.Identifier(target)
            )
        )
        with connection.transaction():
            # FROM CURRENT spares us the quoting rules of settings that are lists.
            connection.execute(
                "SELECT pg_catalog.set_config(%s, %s, true)", [name, value]
            )
            connection.execute(
                sql.SQL("ALTER {} SET {} FROM CURRENT").format(
                    scope, sql.Identifier(*name.split("."))
                )
            )


def first_line(error: psycopg.Error) -> str:
    """What a database error says, as one line, without any part of a password."""
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        # libpq could not read the connection string, and quotes what it stumbled over.
        return UNREADABLE
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def embedded(state: State | None = None) -> Cluster:
    """The cluster of this installation, not started."""
    state = state or State.current()
    state.make()
    return Cluster(state.cluster, passwords=state.secrets().passwords)


def start_embedded(state: State | None = None) -> Cluster:
    """The cluster of this installation, running, with its database."""
    cluster = embedded(state)
    cluster.start()
    if cluster.has_database(DATABASE):
        cluster.grant_key(DATABASE)
    else:
        cluster.create_database(DATABASE)
    return cluster


@click.command()
@click.argument("command", type=click.Choice(["start", "stop", "status"]))
def main(command: str) -> None:
    """Start or stop the embedded cluster, or tell how it is."""
    try:
        if command == "start":
            cluster = start_embedded()
            click.echo(f"PostgreSQL listens on 127.0.0.1:{cluster.port}")
        elif command == "stop":
            stopped = embedded().stop()
            click.echo(
                "PostgreSQL stopped" if stopped else "PostgreSQL was not running"
            )
        elif embedded().is_running():
            click.echo(f"PostgreSQL listens on 127.0.0.1:{embedded().port}")
        else:
            click.echo("PostgreSQL is not running")
            raise SystemExit(1)
    except (ServerError, StateError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
