"""Each rule of the catalogue lists the offender when something breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from deploy.scratch import create_tap
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.cluster import Cluster

LEDGER = "public.pms_inventory_transactions"
BODY = "LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS"
GUARDED = "FOR EACH STATEMENT EXECUTE FUNCTION private.refuse_change()"

# rule, what breaks it, the offenders that it then lists and did not before
BREAKS = [
    (
        "row_security",
        "ALTER TABLE public.pms_parts NO FORCE ROW LEVEL SECURITY",
        {"public.pms_parts"},
    ),
    (
        "row_security",
        "ALTER TABLE private.request_keys DISABLE ROW LEVEL SECURITY",
        {"private.request_keys"},
    ),
    (
        "row_security",
        "ALTER TABLE private.pms_audit_log_default NO FORCE ROW LEVEL SECURITY",
        {"private.pms_audit_log_default"},
    ),
    (
        "search_path",
        "ALTER FUNCTION private.uuid_v7() RESET search_path",
        {"private.uuid_v7()"},
    ),
    (
        "search_path",
        "ALTER FUNCTION private.uuid_v7() SET search_path = ''",
        {"private.uuid_v7()"},
    ),
    (
        "definer_closed",
        "GRANT EXECUTE ON FUNCTION private.my_yachts(text[]) TO PUBLIC",
        {"private.my_yachts(text[])"},
    ),
    (
        "definer_closed",
        "GRANT EXECUTE ON FUNCTION private.my_yachts(text[]) TO anon",
        {"private.my_yachts(text[])"},
    ),
    (
        "definer_owner",
        "ALTER FUNCTION private.is_hod(uuid, uuid) OWNER TO pms_owner",
        {"private.is_hod(uuid, uuid)"},
    ),
    (
        "relation_owner",
        "ALTER TABLE private.request_keys OWNER TO pms_rpc",
        {"private.request_keys"},
    ),
    ("roles", "ALTER ROLE pms_rpc BYPASSRLS", {"pms_rpc"}),
    ("roles", "ALTER ROLE pms_owner LOGIN", {"pms_owner"}),
    (
        "roles",
        "GRANT pms_rpc TO authenticator",
        {"authenticator is a member of pms_rpc"},
    ),
    (
        "api",
        "CREATE TABLE public.notes ()",
        {"not in the API: table notes"},
    ),
    (
        "api",
        f"CREATE FUNCTION public.ping() RETURNS void {BODY} 'BEGIN END'",
        {"not in the API: function ping"},
    ),
    ("api", "CREATE DOMAIN public.d AS text", {"not in the API: type d"}),
    (
        "api",
        "CREATE SEQUENCE public.s",
        {"not in the API: relation of kind S s"},
    ),
    (
        "api",
        "DROP VIEW public.pms_stock_by_location",
        {"missing: view pms_stock_by_location"},
    ),
    (
        "no_overload",
        (
            "CREATE FUNCTION public.action_list(p_yacht_id uuid) RETURNS void"
            f" {BODY} 'BEGIN END'"
        ),
        {"public.action_list"},
    ),
    (
        "parameters",
        (
            f"CREATE FUNCTION public.f(p_yacht_id uuid, text DEFAULT '') RETURNS void"
            f" {BODY} 'BEGIN END'"
        ),
        {"public.f(uuid, text): a parameter has no name"},
    ),
    (
        "parameters",
        f"CREATE FUNCTION public.f(uuid) RETURNS void {BODY} 'BEGIN END'",
        {
            "public.f(uuid): a parameter has no name",
            "public.f(uuid): the first parameter is not p_yacht_id",
        },
    ),
    (
        "parameters",
        (
            'CREATE FUNCTION public.f(p_yacht_id uuid, "limit" text DEFAULT NULL)'
            f" RETURNS void {BODY} 'BEGIN END'"
        ),
        {"public.f(uuid, text): PostgREST takes limit for its own"},
    ),
    (
        "parameters",
        (
            f"CREATE FUNCTION public.f(p_yacht_id uuid, p_part_id uuid) RETURNS void"
            f" {BODY} 'BEGIN END'"
        ),
        {"public.f(uuid, uuid): a parameter after p_yacht_id has no default"},
    ),
    (
        "security_invoker",
        "ALTER VIEW public.pms_part_stock RESET (security_invoker)",
        {"public.pms_part_stock"},
    ),
    (
        "foreign_key_index",
        "DROP INDEX public.pms_parts_by_primary_location",
        {"public.pms_parts: primary_location_is_on_its_yacht"},
    ),
    (
        "foreign_key_index",
        # Leads with other columns: of no use to the key.
        (
            "DROP INDEX public.pms_parts_by_primary_location;"
            " CREATE INDEX ON public.pms_parts (yacht_id, name, primary_location_id)"
        ),
        {"public.pms_parts: primary_location_is_on_its_yacht"},
    ),
    (
        "foreign_key_yacht",
        (
            "ALTER TABLE public.yacht_registry ADD home uuid UNIQUE;"
            " ALTER TABLE public.pms_parts ADD home uuid CONSTRAINT home_is_known"
            " REFERENCES public.yacht_registry (home) ON DELETE RESTRICT"
        ),
        {"public.pms_parts: home_is_known"},
    ),
    (
        "foreign_key_on_delete",
        (
            "ALTER TABLE private.denied_attempts ADD CONSTRAINT k"
            " FOREIGN KEY (yacht_id) REFERENCES public.yacht_registry (yacht_id)"
        ),
        {"private.denied_attempts: k"},
    ),
    (
        "key_yacht",
        "CREATE UNIQUE INDEX one_name ON public.pms_parts (name)",
        {"public.pms_parts: one_name"},
    ),
    (
        "key_yacht",
        "CREATE UNIQUE INDEX one_name ON public.pms_parts (name) INCLUDE (yacht_id)",
        {"public.pms_parts: one_name"},
    ),
    (
        "primary_key",
        "ALTER TABLE private.denied_attempts DROP CONSTRAINT denied_attempts_pkey",
        {"private.denied_attempts"},
    ),
    ("comment", "COMMENT ON TABLE public.pms_parts IS NULL", {"public.pms_parts"}),
    (
        "comment",
        "COMMENT ON VIEW public.pms_part_stock IS NULL",
        {"public.pms_part_stock"},
    ),
    (
        "comment",
        "COMMENT ON FUNCTION public.action_list(uuid, uuid) IS NULL",
        {"public.action_list(uuid, uuid)"},
    ),
    (
        "plpgsql_check",
        (
            f"CREATE FUNCTION private.f() RETURNS void {BODY}"
            " 'BEGIN PERFORM t.nothing FROM public.pms_parts AS t; END'"
        ),
        {"private.f(): line 1: error: column t.nothing does not exist"},
    ),
    (
        "plpgsql_check",
        (
            f"CREATE FUNCTION private.f(p text) RETURNS void {BODY}"
            " 'BEGIN EXECUTE ''SELECT '' || p; END'"
        ),
        {("private.f(text): line 1: security: text type variable is not sanitized")},
    ),
    (
        "plpgsql_check",
        (
            f"CREATE FUNCTION private.f() RETURNS trigger {BODY}"
            " 'BEGIN NEW.nothing := 1; RETURN NEW; END';"
            " CREATE TRIGGER t80_f BEFORE INSERT ON public.pms_parts"
            " FOR EACH ROW EXECUTE FUNCTION private.f()"
        ),
        {
            (
                "private.f() on pms_parts: line 1: error:"
                ' record "new" has no field "nothing"'
            )
        },
    ),
    (
        "only_rpc_writes",
        "GRANT INSERT ON public.pms_parts TO authenticated",
        {"authenticated may INSERT public.pms_parts"},
    ),
    (
        "only_rpc_writes",
        f"GRANT TRUNCATE ON {LEDGER} TO pms_rpc",
        {f"pms_rpc may TRUNCATE {LEDGER}"},
    ),
    (
        "only_rpc_writes",
        "GRANT UPDATE (name) ON public.pms_parts TO authenticated",
        {"authenticated may UPDATE public.pms_parts.name"},
    ),
    (
        "api_roles",
        "GRANT SELECT ON public.yacht_registry TO anon",
        {"anon may SELECT public.yacht_registry"},
    ),
    (
        "api_roles",
        "GRANT EXECUTE ON FUNCTION private.units() TO PUBLIC",
        {"PUBLIC may EXECUTE private.units()"},
    ),
    (
        "api_roles",
        "GRANT EXECUTE ON FUNCTION public.action_list(uuid, uuid) TO service_role",
        {"service_role may EXECUTE public.action_list(uuid, uuid)"},
    ),
    (
        "schema",
        "GRANT USAGE ON SCHEMA private TO authenticated",
        {"authenticated may USAGE private"},
    ),
    (
        "schema",
        "GRANT CREATE ON SCHEMA public TO anon",
        {"anon may CREATE public"},
    ),
    (
        "database",
        (
            "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC',"
            " current_database()); END $$"
        ),
        {"PUBLIC may TEMPORARY"},
    ),
    (
        "trigger_always",
        f"ALTER TABLE {LEDGER} ENABLE TRIGGER t20_complete_movement",
        {f"{LEDGER}: t20_complete_movement"},
    ),
    ("append_only", f"DROP TRIGGER t10_append_only ON {LEDGER}", {LEDGER}),
    (
        "append_only",
        (
            f"DROP TRIGGER t10_append_only ON {LEDGER};"
            f" CREATE TRIGGER t10_append_only BEFORE UPDATE OR DELETE ON {LEDGER}"
            f" {GUARDED}"
        ),
        {LEDGER},
    ),
    (
        "append_only",
        "DROP TRIGGER t20_append_only ON private.pms_audit_log_default",
        {"private.pms_audit_log_default"},
    ),
    (
        "trigger_name",
        f"ALTER TRIGGER t10_append_only ON {LEDGER} RENAME TO guard",
        {f"{LEDGER}: guard"},
    ),
    (
        "policy_name",
        (
            "CREATE POLICY insert_all ON public.pms_parts FOR SELECT TO pms_rpc"
            " USING (true)"
        ),
        {"public.pms_parts: insert_all"},
    ),
    (
        "policy_name",
        "CREATE POLICY select_all ON public.pms_parts FOR SELECT USING (true)",
        {"public.pms_parts: select_all"},
    ),
    (
        "column_type",
        "ALTER TABLE public.pms_parts ADD maker varchar(20)",
        {"public.pms_parts.maker is character varying(20)"},
    ),
    (
        "column_type",
        "ALTER TABLE public.pms_parts ADD number serial",
        {"public.pms_parts.number is integer"},
    ),
]


@pytest.fixture(scope="module")
def connection(
    cluster: Cluster, migrated_template: str
) -> Iterator[psycopg.Connection]:
    """The superuser's connection to a database with the rules in it."""
    create_tap(cluster, "test_rules", template=migrated_template)
    with psycopg.connect(cluster.url("postgres", "test_rules")) as opened:
        yield opened
    cluster.drop_database("test_rules")


def _offenders(connection: psycopg.Connection, rule: str) -> set[str]:
    query = sql.SQL("SELECT r.offender FROM tap.{} AS r")
    rows = connection.execute(query.format(sql.Identifier(f"rule_{rule}")))
    return {offender for (offender,) in rows}


@pytest.mark.parametrize(
    ("rule", "breaking", "offenders"),
    BREAKS,
    ids=[f"{rule}-{number}" for number, (rule, _, _) in enumerate(BREAKS)],
)
def test_a_broken_rule_lists_the_offender(
    connection: psycopg.Connection, rule: str, breaking: str, offenders: set[str]
) -> None:
    """The rule lists exactly what the change broke."""
    with connection.transaction(force_rollback=True):
        before = _offenders(connection, rule)
        connection.execute(breaking.encode())
        assert _offenders(connection, rule) - before == offenders


def test_every_rule_is_shown_to_fail(connection: psycopg.Connection) -> None:
    """There is no rule that this file does not break."""
    with connection.transaction(force_rollback=True):
        rows = connection.execute(
            "SELECT c.relname FROM pg_catalog.pg_class AS c"
            " WHERE c.relnamespace = 'tap'::regnamespace AND c.relname ~ '^rule_'"
        )
        rules = {str(name).removeprefix("rule_") for (name,) in rows}
    assert rules == {rule for rule, _, _ in BREAKS}


def test_every_rule_is_asked_for() -> None:
    """`000_rules.sql` asks each rule that this file breaks."""
    text = (ROOT / "tests" / "pgtap" / "000_rules.sql").read_text(encoding="utf-8")
    assert [rule for rule, _, _ in BREAKS if f"tap.rule_{rule} " not in text] == []


def test_the_functions_of_the_api_are_the_files_of_rpc(
    connection: psycopg.Connection,
) -> None:
    """The list in the rule names what `rpc/` holds, one function per file."""
    with connection.transaction(force_rollback=True):
        rows = connection.execute(
            "SELECT a.name FROM tap.api AS a WHERE a.kind = 'function'"
        )
        named = {name for (name,) in rows}
    assert named == {path.stem for path in (ROOT / "rpc").rglob("*.sql")}
