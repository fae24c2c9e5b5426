"""Parity: the migrations and the desired state make the same, and nothing escapes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from deploy.cluster import ADMINISTRATOR, DATABASE, DEPLOYER
from deploy.parity import Pair, difference, main, pair
from deploy.snapshot import Entry, entries, snapshot
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COPY = "altered"

# What belongs to one database: tried on a copy. `section` is where it must show.
ALTERATIONS = {
    "a grant on a table": (
        "schema: ACL public.TABLE pms_parts",
        "GRANT INSERT ON public.pms_parts TO anon",
    ),
    "a grant on a column": (
        "schema: ACL public.COLUMN pms_parts.name",
        "GRANT UPDATE (name) ON public.pms_parts TO authenticated",
    ),
    "a grant on a function": (
        "schema: ACL public.FUNCTION consume_part",
        "GRANT EXECUTE ON ROUTINE public.consume_part TO anon",
    ),
    "the owner of a table": (
        "schema: TABLE public.pms_parts",
        "ALTER TABLE public.pms_parts OWNER TO part_lens_deployer",
    ),
    "the owner of a function": (
        "schema: FUNCTION public.consume_part",
        "ALTER ROUTINE public.consume_part OWNER TO pms_owner",
    ),
    "the owner of a schema": (
        "schema: SCHEMA private",
        "ALTER SCHEMA private OWNER TO part_lens_deployer",
    ),
    "a comment on a table": (
        "schema: COMMENT public.TABLE pms_parts",
        "COMMENT ON TABLE public.pms_parts IS 'Something else.'",
    ),
    "a comment on a column": (
        "schema: COMMENT public.COLUMN pms_parts.name",
        "COMMENT ON COLUMN public.pms_parts.name IS 'Something else.'",
    ),
    "FORCE ROW LEVEL SECURITY": (
        "schema: TABLE public.pms_parts",
        "ALTER TABLE public.pms_parts NO FORCE ROW LEVEL SECURITY",
    ),
    "row security": (
        "schema: ROW SECURITY public.pms_parts",
        "ALTER TABLE public.pms_parts DISABLE ROW LEVEL SECURITY",
    ),
    "a view option": (
        "schema: VIEW public.pms_part_stock",
        "ALTER VIEW public.pms_part_stock RESET (security_invoker)",
    ),
    "a function body": (
        "schema: FUNCTION public.consume_part",
        """
        DO $$
        BEGIN
            EXECUTE (
                SELECT regexp_replace(
                    pg_get_functiondef(p.oid), '\\mBEGIN\\M', E'BEGIN\\n-- altered'
                )
                FROM pg_catalog.pg_proc AS p
                WHERE p.pronamespace = 'public'::regnamespace
                  AND p.proname = 'consume_part'
            );
        END
        $$
        """,
    ),
    "the search_path of a function": (
        "schema: FUNCTION public.consume_part",
        "ALTER ROUTINE public.consume_part RESET search_path",
    ),
    "a trigger that is no longer ENABLE ALWAYS": (
        "schema: TRIGGER ",
        """
        DO $$
        BEGIN
            EXECUTE (
                SELECT format(
                    'ALTER TABLE %s ENABLE TRIGGER %I', t.tgrelid::regclass, t.tgname
                )
                FROM pg_catalog.pg_trigger AS t
                WHERE t.tgenabled = 'A'
                  AND t.tgparentid = 0
                ORDER BY t.tgname
                LIMIT 1
            );
        END
        $$
        """,
    ),
    "the expression of a policy": (
        "schema: POLICY public.pms_parts",
        """
        DO $$
        BEGIN
            EXECUTE (
                SELECT format(
                    'ALTER POLICY %I ON public.pms_parts USING (true)', p.polname
                )
                FROM pg_catalog.pg_policy AS p
                WHERE p.polrelid = 'public.pms_parts'::regclass
                  AND p.polcmd = 'r'
                ORDER BY p.polname
                LIMIT 1
            );
        END
        $$
        """,
    ),
    "the roles of a policy": (
        "schema: POLICY public.pms_parts",
        """
        DO $$
        BEGIN
            EXECUTE (
                SELECT format(
                    'ALTER POLICY %I ON public.pms_parts TO anon', p.polname
                )
                FROM pg_catalog.pg_policy AS p
                WHERE p.polrelid = 'public.pms_parts'::regclass
                ORDER BY p.polname
                LIMIT 1
            );
        END
        $$
        """,
    ),
    "a constraint that is NOT VALID": (
        "schema: ",
        """
        DO $$
        DECLARE
            v_found record;
        BEGIN
            SELECT c.conname, pg_get_constraintdef(c.oid) AS definition
            INTO STRICT v_found
            FROM pg_catalog.pg_constraint AS c
            WHERE c.conrelid = 'public.pms_parts'::regclass
              AND c.contype = 'c'
            ORDER BY c.conname
            LIMIT 1;
            EXECUTE format(
                'ALTER TABLE public.pms_parts DROP CONSTRAINT %I, '
                'ADD CONSTRAINT %1$I %s NOT VALID',
                v_found.conname, v_found.definition
            );
        END
        $$
        """,
    ),
    "a column of another place": (
        "schema: TABLE public.pms_parts",
        "ALTER TABLE public.pms_parts ADD COLUMN altered integer",
    ),
    "a missing index": (
        "schema: INDEX ",
        """
        DO $$
        BEGIN
            EXECUTE (
                SELECT format('DROP INDEX %s', i.indexrelid::regclass)
                FROM pg_catalog.pg_index AS i
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid
                WHERE c.relkind = 'i'
                  AND c.relnamespace = 'public'::regnamespace
                  AND NOT c.relispartition
                  AND k.oid IS NULL
                ORDER BY c.relname
                LIMIT 1
            );
        END
        $$
        """,
    ),
    "an index that was left invalid": (
        "schema: INVALID INDEX public.",
        """
        UPDATE pg_catalog.pg_index
        SET indisvalid = false
        WHERE indrelid = 'public.pms_parts'::regclass
          AND indisprimary
        """,
    ),
    "a privilege on the database": (
        "database: ACL DATABASE current_database",
        f"GRANT TEMPORARY ON DATABASE {COPY} TO PUBLIC",
    ),
    "a setting of the database": (
        "database: DATABASE PROPERTIES current_database",
        f"ALTER DATABASE {COPY} SET statement_timeout = '7s'",
    ),
    "a setting of a role in the database": (
        "database: DATABASE PROPERTIES current_database",
        f"ALTER ROLE anon IN DATABASE {COPY} SET statement_timeout = '7s'",
    ),
    "a default privilege": (
        "default privileges: DEFAULT ACL ",
        "ALTER DEFAULT PRIVILEGES FOR ROLE pms_owner GRANT SELECT ON TABLES TO anon",
    ),
}

# Roles belong to the cluster: tried as what it does and how to undo it.
ROLE_ALTERATIONS = {
    "an attribute": (
        "roles: ROLE pms_rpc",
        "ALTER ROLE pms_rpc BYPASSRLS",
        "ALTER ROLE pms_rpc NOBYPASSRLS",
    ),
    "a membership": (
        "roles: ROLE pms_rpc",
        "GRANT pms_rpc TO anon",
        "REVOKE pms_rpc FROM anon",
    ),
    "the admin option of a membership": (
        "roles: ROLE anon",
        "GRANT anon TO authenticator WITH ADMIN OPTION",
        "REVOKE ADMIN OPTION FOR anon FROM authenticator",
    ),
    "a setting": (
        "roles: ROLE anon",
        "ALTER ROLE anon SET work_mem = '1MB'",
        "ALTER ROLE anon RESET work_mem",
    ),
    "a comment": (
        "roles: ROLE master_resolver",
        "COMMENT ON ROLE master_resolver IS 'Something else.'",
        "COMMENT ON ROLE master_resolver IS NULL",
    ),
    "another role": (
        "roles: ROLE passer_by",
        "CREATE ROLE passer_by",
        "DROP ROLE passer_by",
    ),
}


@pytest.fixture(scope="module")
def built() -> Iterator[Pair]:
    """Both databases of this repository, each in a cluster of its own."""
    with pair(ROOT) as made:
        yield made


@pytest.fixture(scope="module")
def unaltered(built: Pair) -> tuple[Entry, ...]:
    """What the desired state makes."""
    return built.desired.entries()


@pytest.fixture
def copy(built: Pair) -> Iterator[str]:
    """The superuser's URL of a copy of the desired database."""
    cluster = built.desired.cluster
    cluster.create_database(COPY, template=DATABASE)
    yield cluster.url(ADMINISTRATOR, COPY)
    cluster.drop_database(COPY)


def test_migrations_and_desired_state_make_the_same(
    built: Pair, unaltered: tuple[Entry, ...]
) -> None:
    """The whole point: what the DBA deploys is what the repository says."""
    assert not difference(built.migrated.entries(), unaltered)


def test_every_entry_has_a_label_of_its_own(unaltered: tuple[Entry, ...]) -> None:
    """Entries are compared by label: of two with the same, one would go unseen."""
    labels = [entry.label for entry in unaltered]
    assert len(labels) == len({*labels})


def test_copy_without_an_alteration_is_the_same(
    copy: str, unaltered: tuple[Entry, ...]
) -> None:
    """Else the failures below would prove nothing."""
    assert not difference(unaltered, entries(copy))


def test_deployer_sees_what_the_superuser_sees(built: Pair) -> None:
    """On a managed server there is nobody else to take a snapshot."""
    assert snapshot(built.desired.deployer_url) == snapshot(built.desired.url)


@pytest.mark.parametrize("case", ALTERATIONS)
def test_parity_fails_for(case: str, copy: str, unaltered: tuple[Entry, ...]) -> None:
    """One alteration, and nothing else, is reported where it belongs."""
    section, statement = ALTERATIONS[case]
    with psycopg.connect(copy) as connection:
        connection.execute(statement.encode())
    found = difference(unaltered, entries(copy))
    assert f"+++ desired/{section}" in found


def test_parity_fails_for_a_seed_row(copy: str, unaltered: tuple[Entry, ...]) -> None:
    """Rows that migrations bring are part of what they make."""
    seeded = [entry for entry in unaltered if entry.section == "seed rows"]
    assert seeded
    delete = sql.SQL("DELETE FROM {0} WHERE ctid = (SELECT min(ctid) FROM {0})")
    with psycopg.connect(copy) as connection:
        connection.execute("SET session_replication_role = replica")
        for entry in seeded:
            table = sql.Identifier(entry.schema, entry.name)
            connection.execute(delete.format(table))
    found = difference(unaltered, entries(copy))
    assert all(f"+++ desired/{entry.label}\n" in found for entry in seeded)


@pytest.mark.parametrize("case", ROLE_ALTERATIONS)
def test_parity_fails_for_roles_with(
    case: str, built: Pair, unaltered: tuple[Entry, ...]
) -> None:
    """Roles, what they may, and who is in them belong to what migrations make."""
    section, statement, undo = ROLE_ALTERATIONS[case]
    cluster = built.desired.cluster
    with cluster.connect() as connection:
        # The grantor of a membership is compared too.
        if "GRANT" in statement:
            connection.execute(f"SET SESSION AUTHORIZATION {DEPLOYER}".encode())
        connection.execute(statement.encode())
        found = difference(unaltered, built.desired.entries())
        connection.execute(undo.encode())
    assert f"+++ desired/{section}\n" in found
    assert not difference(unaltered, built.desired.entries())


def test_command_shows_the_difference_and_fails(tmp_path: Path) -> None:
    """`make parity` is what a person and CI call: exit status 1 and a diff."""
    for name in ("sql", "policies", "rpc", "migrations"):
        shutil.copytree(ROOT / name, tmp_path / name)
    altered = tmp_path / "rpc" / "consume_part.sql"
    with altered.open("a", encoding="utf-8") as file:
        file.write("ALTER ROUTINE public.consume_part STRICT;\n")
    result = CliRunner().invoke(main, ["--root", str(tmp_path)])
    assert result.exit_code == 1
    assert "--- migrated/schema: FUNCTION public.consume_part" in result.stdout
    assert "STRICT" in result.stdout


def test_command_says_what_does_not_build(tmp_path: Path) -> None:
    """A tree that cannot be built is neither the same nor different: status 2."""
    for name in ("sql", "policies", "rpc", "migrations"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "rpc" / "consume_part.sql").write_text("SELECT 1 / 0;\n")
    result = CliRunner().invoke(main, ["--root", str(tmp_path)])
    assert result.exit_code == 2
    assert "rpc/consume_part.sql:1: ERROR:  division by zero" in result.output
