-- Verify part_lens_tenant:service_reads on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(format('%s: %s', e.table, e.policy), ', ')
    INTO v_wrong
    FROM (VALUES
        ('public.yacht_registry'::regclass, 'select_service', 'r'),
        ('public.pms_audit_log'::regclass, 'select_service', 'r'),
        ('public.pms_audit_log'::regclass, 'insert_reconcile', 'a'),
        ('private.signatures'::regclass, 'select_service', 'r')
    ) AS e ("table", policy, command)
    WHERE NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = e.table
          AND p.polname = e.policy
          AND p.polcmd::text = e.command
          AND p.polroles = ARRAY['pms_rpc'::regrole::oid]
          -- Calls of people are not let through.
          AND pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid) LIKE '%''service_role''%'
    );
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'policies are not as planned: %', v_wrong;
    END IF;

    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('pms_rpc may not read yachts',
         has_column_privilege('pms_rpc', 'public.yacht_registry', 'yacht_id', 'SELECT')),
        ('pms_rpc may not read who signed',
         has_column_privilege('pms_rpc', 'public.pms_audit_log', 'signature', 'SELECT')),
        ('pms_rpc reads more of the audit log',
         NOT has_column_privilege('pms_rpc', 'public.pms_audit_log', 'metadata', 'SELECT')),
        ('pms_rpc may change the audit log',
         NOT has_table_privilege('pms_rpc', 'public.pms_audit_log', 'UPDATE, DELETE, TRUNCATE')),
        ('a service reads tables itself',
         NOT has_table_privilege('service_role', 'public.pms_audit_log', 'SELECT')
         AND NOT has_table_privilege('service_role', 'public.yacht_registry', 'SELECT'))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
