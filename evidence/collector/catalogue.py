"""Claims on what is in the database: rows, views, policies, rights."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, LiteralString

from deploy.state import ROOT
from evidence.collector.claims import Claim, Finding
from evidence.collector.ground import key

if TYPE_CHECKING:
    from evidence.collector.ground import Ground

# The sum is taken here and not by the view, so that the view is examined too.
_FIGURES: LiteralString = """
SELECT
    s.yacht_id,
    s.stock_id,
    coalesce(l.movements, 0) AS movements,
    coalesce(l.balance, 0)::bigint AS summed,
    coalesce(l.newest, 0) AS newest,
    v.on_hand AS view,
    b.on_hand AS by_location,
    s.quantity AS cache,
    p.part_number,
    c.name AS location
FROM public.pms_inventory_stock AS s
JOIN public.pms_parts AS p USING (yacht_id, part_id)
JOIN public.pms_part_locations AS c USING (yacht_id, location_id)
LEFT JOIN public.v_stock_from_transactions AS v USING (yacht_id, stock_id)
LEFT JOIN public.pms_stock_by_location AS b USING (yacht_id, stock_id)
LEFT JOIN (
    SELECT
        t.yacht_id,
        t.stock_id,
        count(*) AS movements,
        sum(t.quantity_change) AS balance,
        (array_agg(t.on_hand_after ORDER BY t.seq DESC))[1] AS newest
    FROM public.pms_inventory_transactions AS t
    GROUP BY t.yacht_id, t.stock_id
) AS l USING (yacht_id, stock_id)
"""
_AGREE: LiteralString = (
    "(f.summed, f.summed, f.summed, f.summed)"
    " IS NOT DISTINCT FROM (f.newest, f.view, f.by_location, f.cache)"
)
_PARITY: LiteralString = (
    "SELECT count(*) AS stocks, coalesce(sum(f.movements), 0)::bigint AS movements,"
    f" count(*) FILTER (WHERE NOT {_AGREE}) AS differ FROM ({_FIGURES}) AS f"
)
_FAULTS: LiteralString = (
    "SELECT f.stock_id::text, f.summed, f.newest, f.view, f.by_location, f.cache"
    f" FROM ({_FIGURES}) AS f WHERE NOT {_AGREE} ORDER BY f.stock_id LIMIT 20"
)
_SAMPLES: LiteralString = (
    "SELECT f.part_number, f.location, f.movements, f.summed, f.newest, f.view,"
    f" f.by_location, f.cache, {_AGREE} AS agree FROM ({_FIGURES}) AS f"
    " WHERE f.yacht_id = %s ORDER BY f.part_number, f.location LIMIT 20"
)
_VIEWS: LiteralString = """
SELECT
    c.relname AS name,
    pg_get_viewdef(c.oid, true) AS definition,
    coalesce('security_invoker=true' = ANY (c.reloptions), false) AS security_invoker
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
  AND c.relkind IN ('v', 'm')
ORDER BY c.relname
"""
_POLICIES: LiteralString = """
SELECT
    p.schemaname || '.' || p.tablename AS table,
    p.policyname AS policy,
    p.permissive,
    p.cmd AS command,
    p.roles::text[] AS roles,
    p.qual AS using,
    p.with_check
FROM pg_catalog.pg_policies AS p
WHERE p.schemaname = ANY (%s)
ORDER BY p.schemaname, p.tablename, p.policyname
"""
_UNGUARDED: LiteralString = """
SELECT c.oid::regclass::text AS table
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace::regnamespace::text = ANY (%s)
  AND c.relkind IN ('r', 'p')
  AND NOT (c.relrowsecurity AND (c.relforcerowsecurity OR NOT %s))
  -- A month of the audit log is reached through the log alone.
  AND NOT c.relispartition
ORDER BY 1
"""
_RIGHTS: LiteralString = """
SELECT
    n.nspname AS schema,
    f.proname AS function,
    coalesce(array_agg(DISTINCT coalesce(r.rolname::text, 'PUBLIC')
        ORDER BY coalesce(r.rolname::text, 'PUBLIC'))
        FILTER (WHERE a.privilege_type = 'EXECUTE' AND (a.grantee = 0 OR r.rolname IN
            ('anon', 'authenticated', 'service_role'))), '{}') AS may
FROM pg_catalog.pg_proc AS f
JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
LEFT JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
    ON true
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
WHERE n.nspname IN ('public', 'private', 'master')
GROUP BY n.nspname, f.proname, f.oid
ORDER BY n.nspname, f.proname
"""
_TABLE_RIGHTS: LiteralString = """
SELECT
    c.relname AS table,
    r.role,
    array_agg(p.privilege ORDER BY p.privilege) AS may
FROM pg_catalog.pg_class AS c
CROSS JOIN unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role)
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])
    AS p (privilege)
WHERE c.relnamespace = 'public'::regnamespace
  AND c.relkind IN ('r', 'p', 'v', 'm')
  AND has_table_privilege(r.role, c.oid, p.privilege)
GROUP BY c.relname, r.role
ORDER BY c.relname, r.role
"""
_CREATED = re.compile(r"^CREATE POLICY (\w+) ON (\w+\.\w+)", re.MULTILINE)
_GRANTED = re.compile(
    r"^GRANT EXECUTE ON FUNCTION public\.(\w+)\([^;]*?TO ([\w, ]+);", re.M
)


def parity(ground: Ground) -> Finding:
    """Every stock of every yacht."""
    figures = ground.rows(_PARITY)[0]
    return Finding(
        figures["stocks"] > 0 and figures["differ"] == 0,
        {**figures, "first_that_differ": ground.rows(_FAULTS)},
    )


def parity_samples(ground: Ground) -> Finding:
    """Stocks of the yacht, after one of each simple movement."""
    part = ground.part("Sampled", 9)
    for who, function in (("crew", "consume_part"), ("purser", "receive_part")):
        ground.done(
            who, function, p_part_id=part, p_quantity=2, p_idempotency_key=key()
        )
    ground.done(
        "crew",
        "transfer_part",
        p_part_id=part,
        p_quantity=4,
        p_from_location_id=ground.location("Main locker"),
        p_to_location_id=ground.location("Bin"),
        p_idempotency_key=key(),
    )
    samples = ground.rows(_SAMPLES, [ground.yacht_id])
    return Finding(all(row["agree"] for row in samples) and len(samples) > 1, samples)


def drift(ground: Ground) -> Finding:
    """What the installation says of itself."""
    rows = ground.rows(
        "SELECT d.stock_id::text, d.on_hand, d.newest_on_hand_after, d.cached_quantity"
        " FROM private.check_inventory_drift() AS d ORDER BY d.stock_id"
    )
    looked_at = ground.rows(
        "SELECT count(*) AS stocks FROM public.pms_inventory_stock AS s"
    )[0]["stocks"]
    return Finding(not rows and looked_at > 0, {"stocks": looked_at, "drifting": rows})


def signed_rows(ground: Ground) -> Finding:
    """Rows of signed types, by their columns; not by the constraints that made them."""
    unsigned = ground.rows(
        "SELECT t.transaction_type, count(*) AS movements,"
        " count(*) FILTER (WHERE t.signature_id IS NULL"
        " OR t.signature::jsonb ->> 'pin' IS DISTINCT FROM 'verified'"
        " OR t.signature::jsonb ->> 'totp' IS DISTINCT FROM 'verified') AS unsigned"
        " FROM public.pms_inventory_transactions AS t"
        " WHERE t.transaction_type IN ('adjusted', 'write_off', 'reversed')"
        " GROUP BY t.transaction_type ORDER BY t.transaction_type"
    )
    own = ground.rows(
        "SELECT c.source, c.kind, c.total, c.signed, c.unsigned, c.verdict"
        " FROM private.signature_compliance() AS c ORDER BY c.source, c.kind"
    )
    return Finding(
        not any(row["unsigned"] for row in unsigned)
        and not any(row["verdict"] == "fail" for row in own),
        {"movements": unsigned, "signature_compliance": own},
    )


def views(ground: Ground) -> Finding:
    """Their definitions, as the server has them."""
    found = ground.rows(_VIEWS)
    texts = {row["name"]: " ".join(row["definition"].split()) for row in found}
    formula = "COALESCE(sum(t.quantity_change), 0::bigint)::integer"
    has_formula = formula in texts.get("v_stock_from_transactions", "")
    expected = {"pms_part_stock", "pms_stock_by_location", "v_stock_from_transactions"}
    return Finding(
        texts.keys() == expected
        and all(row["security_invoker"] for row in found)
        and has_formula,
        {"views": found, "on_hand_is_the_sum": has_formula},
    )


def _policies(ground: Ground, schemas: list[str], pattern: str) -> dict[str, Any]:
    """Policies in the database, and how they differ from the files of `policies/`."""
    found = ground.rows(_POLICIES, [schemas])
    names = {f"{row['table']}: {row['policy']}" for row in found}
    wanted = {
        f"{table}: {policy}"
        for path in sorted((ROOT / "policies").glob(pattern))
        for policy, table in _CREATED.findall(path.read_text(encoding="utf-8"))
        if table.partition(".")[0] in schemas
    }
    return {
        "policies": found,
        "missing": sorted(wanted - names),
        "unknown": sorted(names - wanted),
    }


def row_security(ground: Ground) -> Finding:
    """Tables without row security, policies without a file, files without a policy."""
    schemas = ["public", "private"]
    found = _policies(ground, schemas, "*.sql")
    unguarded = [row["table"] for row in ground.rows(_UNGUARDED, [schemas, True])]
    return Finding(
        not (found["missing"] or found["unknown"] or unguarded),
        {**found, "tables_without_row_security": unguarded},
    )


def storage_policies(ground: Ground) -> Finding:
    """The policies of the three buckets."""
    found = _policies(ground, ["storage"], "storage_*.sql")
    return Finding(not found["missing"] and not found["unknown"], found)


def grants(ground: Ground) -> Finding:
    """Who may execute which function, and touch which table, against `rpc/`."""
    wanted = {
        name: sorted(role.strip() for role in audience.split(","))
        for path in sorted((ROOT / "rpc").rglob("*.sql"))
        for name, audience in _GRANTED.findall(path.read_text(encoding="utf-8"))
    }
    found = ground.rows(_RIGHTS)
    public = {row["function"]: row["may"] for row in found if row["schema"] == "public"}
    differ = sorted(
        f"{row['schema']}.{row['function']}"
        for row in found
        if row["schema"] == "public" and row["may"] != wanted.get(row["function"])
    )
    strangers = sorted(
        f"{row['schema']}.{row['function']}"
        for row in found
        if {"anon", "PUBLIC"} & set(row["may"])
    )
    tables = ground.rows(_TABLE_RIGHTS)
    writable = [row for row in tables if set(row["may"]) != {"SELECT"}]
    missing = sorted(wanted.keys() - public.keys())
    return Finding(
        bool(wanted) and not (differ or strangers or writable or missing),
        {
            "functions": [row for row in found if row["may"]],
            "open_to_anybody": strangers,
            "differ_from_rpc": differ,
            "missing": missing,
            "tables": tables,
            "writable_tables": writable,
        },
    )


def audit_samples(ground: Ground) -> Finding:
    """One row of each kind that the yacht's log has; more than one kind, or nothing."""
    part = ground.part("Audited", 2)
    ground.call("crew", "view_part_details", p_part_id=part)
    ground.call(
        "crew", "consume_part", p_part_id=part, p_quantity=9, p_idempotency_key=key()
    )
    ground.call("crew", "deactivate_part", p_part_id=part, p_reason="No")
    samples = ground.rows(
        "SELECT DISTINCT ON (a.action, a.outcome, a.error_code)"
        " a.action, a.outcome, a.error_code, a.role, a.entity_type,"
        " a.signature::jsonb ->> 'method' AS signed_by,"
        " a.metadata ->> 'source' AS source, a.metadata ->> 'lens' AS lens,"
        " a.created_at::text"
        " FROM public.pms_audit_log AS a WHERE a.yacht_id = %s"
        " ORDER BY a.action, a.outcome, a.error_code, a.created_at",
        [ground.yacht_id],
    )
    kinds = {(row["action"], row["outcome"], row["error_code"]) for row in samples}
    expected = {
        ("create_part", "ok", None),
        ("view_part_details", "ok", None),
        ("consume_part", "rejected", "insufficient_stock"),
        ("deactivate_part", "rejected", "role_not_allowed"),
    }
    return Finding(
        expected <= kinds and all(row["source"] == "part_lens" for row in samples),
        samples,
    )


CLAIMS = (
    Claim(
        "view_definitions",
        "The views are those of the design, bounded by the reader's row security.",
        views,
        0.2,
    ),
    Claim(
        "rls_policies",
        "Every table has row security, with the policies of the source and no other.",
        row_security,
        0.2,
    ),
    Claim(
        "storage_policies",
        "Storage has the policies of the source and no other.",
        storage_policies,
        0.2,
    ),
    Claim(
        "function_grants",
        "Functions are open to whom their source says, nothing is to anybody, and"
        " no API role writes to a table.",
        grants,
        0.2,
    ),
    Claim("parity_samples", "Stocks agree after movements.", parity_samples, 0.5),
    Claim(
        "audit_samples", "Reads, writes and refusals are on record.", audit_samples, 0.5
    ),
)
# When all that moves has moved.
LAST = (
    Claim(
        "canonical_parity",
        "Of every stock the sum of movements, the newest, views and cache agree.",
        parity,
    ),
    Claim("drift", "No stock drifts.", drift),
    Claim("signed_rows", "Every movement that has to be signed is.", signed_rows, 0.5),
)
