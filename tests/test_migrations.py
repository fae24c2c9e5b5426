"""Every change of the plans: deployed, verified, reverted, deployed again."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest
from psycopg import sql

from deploy.cluster import ADMINISTRATOR, DATABASE, DEPLOYER
from deploy.migration import Plan
from deploy.moulds import migrated
from deploy.parity import difference
from deploy.scratch import scratch_cluster
from deploy.snapshot import entries
from deploy.sqitch import PROJECTS, libpq_environment, sqitch
from deploy.state import ROOT
from tests.catalogue_digest import digests, this_moment
from tests.fleet import desk, launch, manned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.cluster import Cluster
    from tests.fleet import Ship

MIGRATED = DATABASE

# After it come functions alone.
LAST_WITH_ROWS = "stock_views"

# What is made before the first table: roles, and what they may in a database.
BEFORE_TABLES = [
    "roles",
    "extensions",
    "compat_auth",
    "compat_storage",
    "default_privileges",
    "database_privileges",
    "schemas",
]

# Deployed beside the tenant's, these find done what they would do, and leave it.
SHARED = {("master", "roles"), ("master", "database_privileges")}

# What Supabase brings, as far as it concerns the migrations, owned by who deploys.
PLATFORM = """
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT;
GRANT anon, authenticated, service_role TO authenticator;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;

CREATE SCHEMA extensions;
GRANT USAGE ON SCHEMA extensions TO anon, authenticated, service_role;
CREATE EXTENSION pgcrypto SCHEMA extensions;
CREATE EXTENSION pg_trgm SCHEMA extensions;
CREATE EXTENSION btree_gin SCHEMA extensions;

CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
    $$SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb$$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
    $$SELECT (auth.jwt() ->> 'sub')::uuid$$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS
    $$SELECT auth.jwt() ->> 'role'$$;

CREATE SCHEMA storage;
GRANT USAGE ON SCHEMA storage TO anon, authenticated, service_role;
CREATE TABLE storage.buckets (
    id text PRIMARY KEY, name text, public boolean, file_size_limit bigint,
    allowed_mime_types text[]
);
CREATE TABLE storage.objects (
    id uuid PRIMARY KEY, bucket_id text REFERENCES storage.buckets, name text,
    owner uuid, metadata jsonb, path_tokens text[]
);
ALTER TABLE storage.buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT ALL ON storage.buckets, storage.objects TO anon, authenticated, service_role;
CREATE FUNCTION storage.foldername(name text) RETURNS text[] LANGUAGE sql AS
    $$SELECT trim_array(string_to_array(name, '/'), 1)$$;
CREATE FUNCTION storage.filename(name text) RETURNS text LANGUAGE sql AS
    $$SELECT split_part(name, '/', -1)$$;
CREATE FUNCTION storage.extension(name text) RETURNS text LANGUAGE sql AS
    $$SELECT split_part(name, '.', -1)$$;
"""

# What a verify script must not overlook: the change, and what happened to it.
FAULTS = {
    "a role that bypasses row security": (
        "roles",
        "ALTER ROLE pms_rpc BYPASSRLS",
    ),
    "a login that is in the role of the RPCs": (
        "roles",
        "GRANT pms_rpc TO authenticator",
    ),
    "temporary objects of everybody": (
        "database_privileges",
        f"GRANT TEMPORARY ON DATABASE {MIGRATED} TO PUBLIC",
    ),
    "the machinery open to people": (
        "schemas",
        "GRANT USAGE ON SCHEMA private TO authenticated",
    ),
    "a function open to everybody": (
        "consume_part",
        "GRANT EXECUTE ON ROUTINE public.consume_part TO PUBLIC",
    ),
    "a function closed to people": (
        "consume_part",
        "REVOKE EXECUTE ON ROUTINE public.consume_part FROM authenticated",
    ),
    "a function of the deployer": (
        "open_call",
        f"ALTER ROUTINE private.open_call OWNER TO {DEPLOYER}",
    ),
    "a function without its search_path": (
        "consume_part",
        "ALTER ROUTINE public.consume_part RESET search_path",
    ),
    "a function with the caller's rights": (
        "consume_part",
        "ALTER ROUTINE public.consume_part SECURITY INVOKER",
    ),
    "a table that anon may empty": (
        "pms_parts",
        "GRANT TRUNCATE ON public.pms_parts TO anon",
    ),
    "a ledger that RPCs may rewrite": (
        "pms_inventory_transactions",
        "GRANT UPDATE ON public.pms_inventory_transactions TO pms_rpc",
    ),
    "an owner above row security": (
        "pms_parts",
        "ALTER TABLE public.pms_parts NO FORCE ROW LEVEL SECURITY",
    ),
    "a missing policy": (
        "pms_audit_log",
        "DROP POLICY insert_rpc ON public.pms_audit_log",
    ),
    "a missing constraint": (
        "pms_inventory_transactions",
        """
        ALTER TABLE public.pms_inventory_transactions
            DROP CONSTRAINT on_hand_is_never_negative
        """,
    ),
    "a guard that sleeps in a replica": (
        "pms_inventory_transactions",
        "ALTER TABLE public.pms_inventory_transactions ENABLE TRIGGER t10_append_only",
    ),
    "a month without its guard": (
        "audit_months",
        "DROP TRIGGER t20_append_only ON private.pms_audit_log_default",
    ),
    "a view with its owner's rights": (
        "stock_views",
        "ALTER VIEW public.pms_part_stock RESET (security_invoker)",
    ),
    "a type open to everybody": (
        "call_answers",
        "GRANT USAGE ON TYPE private.rpc_call TO PUBLIC",
    ),
    "an action that is gone": (
        "action_registry",
        "DELETE FROM private.action_registry WHERE action = 'consume_part'",
    ),
    "a code that is gone": (
        "refusals",
        "DELETE FROM private.refusals WHERE code = 'stale_count'",
    ),
}


@dataclass(frozen=True, order=True)
class Change:
    """One change of a plan."""

    project: str
    name: str

    def run(self, script: str, url: str) -> None:
        """Run its deploy, revert or verify script in a session of its own."""
        path = ROOT / "migrations" / self.project / script / f"{self.name}.sql"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(path.read_bytes())


@cache
def planned(*projects: str) -> tuple[Change, ...]:
    """The changes of plans, in order."""
    return tuple(
        Change(project, name)
        for project in projects
        for name in Plan(root=ROOT, project=project).changes()
    )


@pytest.fixture
def alone() -> Iterator[Cluster]:
    """A cluster with one empty database: nothing else keeps a role."""
    with scratch_cluster() as cluster:
        cluster.create_database(DATABASE)
        yield cluster


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    """A cluster whose database MIGRATED was deployed by Sqitch."""
    with scratch_cluster(migrated()) as cluster:
        yield cluster


@pytest.fixture
def filled(shared: Cluster) -> Iterator[tuple[str, Ship]]:
    """A copy of it with a ship, people, a part and movements."""
    shared.create_database("filled", template=MIGRATED)
    with manned(shared.url(DEPLOYER, "filled")) as fleet:
        ship = launch(fleet, 20)
    with desk(shared.url("authenticator", "filled")) as call:
        for function, arguments in (
            ("consume_part", ship.movement(5, p_work_order="Service")),
            ("receive_part", ship.movement(3)),
            ("transfer_part", ship.transfer(4)),
        ):
            assert call(ship.captain, function, **arguments).status < 300
    yield "filled", ship
    shared.drop_database("filled")


def contents(cluster: Cluster, name: str) -> dict[str, str]:
    """A digest of the rows of each table, unless it is empty."""
    with cluster.connect(name) as connection:
        tables = connection.execute(
            """
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p')
              AND NOT c.relispartition
              AND n.nspname IN ('public', 'private', 'master')
            """
        ).fetchall()
        digests = {
            f"{schema}.{table}": connection.execute(
                sql.SQL(
                    "SELECT md5(string_agg(t::text, ' ' ORDER BY t)) FROM {} AS t"
                ).format(sql.Identifier(schema, table))
            ).fetchone()
            for schema, table in tables
        }
    return {table: str(row[0]) for table, row in digests.items() if row and row[0]}


# Tables of ours to which a later change adds rows or a column, or whose column it
# changes, and takes that back.
CHANGED_LATER = {
    "private.action_registry",
    "private.part_search",
    "private.refusals",
    "public.pms_inventory_transactions",
}
# Tables of later changes, filled by these.
SEEDED_LATER = {
    "private.canary_criteria",
    "private.canary_steps",
    "private.part_words",
    "public.feature_flags",
}


@pytest.mark.parametrize(
    "projects", [PROJECTS, ("master",)], ids=["one database for both", "master alone"]
)
def test_each_change_is_undone_exactly(
    alone: Cluster, projects: tuple[str, ...]
) -> None:
    """Reverted, it leaves what was there before, and its verify script throws.

    Where a change left a trace in the catalogue (of a column that was dropped, say), a
    database that was never reverted tells whether anybody could see it.
    """
    alone.create_database("forward")
    deployer, superuser = (alone.url(user) for user in (DEPLOYER, ADMINISTRATOR))
    forward = [alone.url(user, "forward") for user in (DEPLOYER, ADMINISTRATOR)]
    with psycopg.connect(superuser, autocommit=True) as watcher:
        start = this_moment(watcher)
        for change in planned(*projects):
            before = digests(watcher, since=start)
            change.run("deploy", deployer)
            change.run("verify", deployer)
            change.run("revert", deployer)
            traced = digests(watcher, since=start) != before
            if traced:
                left = difference(
                    entries(forward[1]),
                    entries(superuser),
                    names=("before", "reverted"),
                )
                assert not left, f"{change}\n{left}"
            if len(projects) == 1 or (change.project, change.name) not in SHARED:
                with pytest.raises(psycopg.Error):
                    change.run("verify", deployer)
            change.run("deploy", deployer)
            change.run("deploy", forward[0])
            if traced:
                assert not difference(entries(forward[1]), entries(superuser)), change
    # What each second deployment made is what the first had made.
    assert not difference(entries(forward[1]), entries(superuser))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER FUNCTION pg_catalog.lower(text) VOLATILE",
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO pms_rpc",
        "COMMENT ON FUNCTION private.open_call IS 'Something else.'",
        "CREATE TYPE public.left_behind AS ENUM ()",
        "DELETE FROM private.refusals WHERE code = 'stale_count'",
        "ALTER TABLE public.pms_parts ALTER COLUMN name SET STATISTICS 7",
    ],
)
def test_a_trace_is_seen(statement: LiteralString, shared: Cluster) -> None:
    """Of PostgreSQL's own rows, and of ours: else the test above would be blind."""
    url = shared.url(ADMINISTRATOR, MIGRATED)
    with psycopg.connect(url, autocommit=True) as watcher:
        start = this_moment(watcher)
        for since in (0, start):
            before = digests(watcher, since=since)
            with watcher.transaction(force_rollback=True):
                watcher.execute(statement)
                assert digests(watcher, since=since) != before
            assert digests(watcher, since=since) == before


def test_functions_are_reverted_without_touching_data(
    shared: Cluster, filled: tuple[str, Ship]
) -> None:
    """Sqitch takes back every RPC and helper and deploys them again: no row differs."""
    name, ship = filled
    url = shared.url(DEPLOYER, name)
    before = contents(shared, name)
    assert "public.pms_inventory_transactions" in before
    options = ["-y", f"--to-change={LAST_WITH_ROWS}"]
    sqitch("revert", url, project="tenant", options=options, quiet=True)
    with shared.connect(name) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_catalog.pg_proc"
            " WHERE pronamespace = 'public'::regnamespace"
        ).fetchone()
    assert row == (0,)
    left = contents(shared, name)
    assert left.keys() == before.keys() - SEEDED_LATER
    assert {t for t in left if left[t] != before[t]} == CHANGED_LATER
    sqitch("deploy", url, project="tenant", quiet=True)
    again = contents(shared, name)
    # A flag knows since when it is there.
    assert again.pop("public.feature_flags") != before.pop("public.feature_flags")
    # Words are numbered as they come.
    assert again.pop("private.part_words")
    assert before.pop("private.part_words")
    assert again == before
    with desk(shared.url("authenticator", name)) as call:
        answer = call(ship.captain, "consume_part", **ship.movement(14))
    assert (answer.status, answer.body["quantity_after"]) == (200, 0)


def test_all_is_reverted_with_data_and_other_databases_stay_whole(
    shared: Cluster, filled: tuple[str, Ship]
) -> None:
    """Nothing of ours is left in the database; the roles stay for the other one."""
    name, _ = filled
    shared.create_database("empty")
    empty = entries(shared.url(ADMINISTRATOR, "empty"))
    for project in reversed(PROJECTS):
        url = shared.url(DEPLOYER, name)
        sqitch("revert", url, project=project, options=["-y"], quiet=True)
    # Roles belong to the cluster: read in either database, they are the same.
    assert not difference(empty, entries(shared.url(ADMINISTRATOR, name)))
    assert "pms_rpc" in {entry.name for entry in empty if entry.section == "roles"}
    for project in PROJECTS:
        url = shared.url(DEPLOYER, MIGRATED)
        sqitch("verify", url, project=project, quiet=True)


def test_master_needs_no_tenant_in_its_cluster(alone: Cluster) -> None:
    """Roles that only a tenant used go with it; what the MASTER tables use stays."""
    before = entries(alone.url(ADMINISTRATOR))
    alone.create_database("directory")
    tenant, master = (alone.url(DEPLOYER, name) for name in (DATABASE, "directory"))
    shared_out = planned("tenant")[: len(BEFORE_TABLES)]
    assert [change.name for change in shared_out] == BEFORE_TABLES
    for change in shared_out:
        change.run("deploy", tenant)
    for change in planned("master"):
        change.run("deploy", master)
    for change in reversed(shared_out):
        change.run("revert", tenant)
    for change in planned("master"):
        change.run("verify", master)
    for change in reversed(planned("master")):
        change.run("revert", master)
    assert not difference(before, entries(alone.url(ADMINISTRATOR)))


def test_what_somebody_else_brought_stays(alone: Cluster) -> None:
    """On Supabase only what is missing is made, and only that is reverted."""
    deployer, superuser = (alone.url(user) for user in (DEPLOYER, ADMINISTRATOR))
    with psycopg.connect(deployer, autocommit=True) as connection:
        connection.execute(PLATFORM)
    before = entries(superuser)
    changes = planned(*PROJECTS)
    for change in changes:
        change.run("deploy", deployer)
    for change in changes:
        change.run("verify", deployer)
    for change in reversed(changes):
        change.run("revert", deployer)
    assert not difference(before, entries(superuser), names=("before", "reverted"))


@pytest.mark.parametrize("fault", FAULTS)
def test_verify_throws_at(fault: str, shared: Cluster) -> None:
    """A verify script that merely returned something would prove nothing."""
    name, statement = FAULTS[fault]
    path = ROOT / "migrations" / "tenant" / "verify" / f"{name}.sql"
    checks = path.read_text("utf-8").replace("\nBEGIN;\n", "", 1)
    with psycopg.connect(shared.url(ADMINISTRATOR, MIGRATED)) as connection:
        connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute(checks.removesuffix("ROLLBACK;\n").encode())


def test_plain_sqitch_needs_nothing_of_ours(shared: Cluster) -> None:
    """In the project's folder, with libpq's own variables, it does the whole round."""
    program = shutil.which("sqitch")
    assert program is not None
    shared.create_database("plain")
    url = shared.url(DEPLOYER, "plain")
    for command in (["deploy"], ["verify"], ["status"], ["revert", "-y"], ["deploy"]):
        done = subprocess.run(
            [program, *command],
            cwd=ROOT / "migrations" / "master",
            env={**os.environ, **libpq_environment(url), "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    with shared.connect("plain") as connection:
        found = connection.execute(
            "SELECT to_regnamespace('master') IS NOT NULL, to_regnamespace(%s) IS NULL",
            ["private"],
        ).fetchone()
    assert found == (True, True)
