-- Verify part_lens_tenant:audit_months on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.add_audit_months'::regproc,
         'VOLATILE', 'INVOKER', 'pms_owner', '{pms_owner}'::text[]),
        ('private.guard_audit_partition'::regproc,
         'VOLATILE', 'INVOKER', 'pms_owner', '{pms_owner}'::text[]),
        ('private.drop_audit_months'::regproc,
         'VOLATILE', 'INVOKER', 'pms_owner', '{pms_owner}'::text[])
    ) AS e (function, volatility, security, owner, callers)
    JOIN pg_catalog.pg_proc AS p
      ON p.oid = e.function
    CROSS JOIN LATERAL (VALUES
        ('its owner', p.proowner = e.owner::regrole),
        ('its comment', obj_description(p.oid, 'pg_proc') <> ''),
        ('its volatility', p.provolatile = lower(left(e.volatility, 1))),
        ('whose rights it has', p.prosecdef = (e.security = 'DEFINER')),
        ('its search_path', 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)),
        ('who may call it', e.callers = ARRAY(
            SELECT r.role
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_owner',
                              'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            WHERE has_function_privilege(r.role, p.oid, 'EXECUTE')
            ORDER BY r.place))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'functions are not as planned: %', v_wrong;
    END IF;

    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('rows without a month have no partition', to_regclass(
            'private.pms_audit_log_default') IS NOT NULL),
        ('no partition takes this month', to_regclass(to_char(
            now() AT TIME ZONE 'UTC', '"private.pms_audit_log_"YYYY_MM')) IS NOT NULL
            OR now() < '2026-01-01' OR now() >= '2029-01-01'),
        ('a partition is open or not guarded', NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS c
              ON c.oid = i.inhrelid
            WHERE i.inhparent = 'public.pms_audit_log'::regclass
              AND NOT (c.relowner = 'pms_owner'::regrole
                  AND c.relrowsecurity
                  AND c.relforcerowsecurity
                  AND c.relacl IS NULL
                  AND 2 = (
                      SELECT count(*)
                      FROM pg_catalog.pg_trigger AS t
                      WHERE t.tgrelid = c.oid
                        AND t.tgname IN ('t10_append_only', 't20_append_only')
                        AND t.tgenabled = 'A'))))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
