-- Verify part_lens_tenant:whole_reconciliations on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM is_whole
    FROM private.reconciliations
    WHERE false;
    IF NOT has_column_privilege('pms_rpc', 'private.reconciliations', 'is_whole', 'SELECT')
       OR NOT has_column_privilege('pms_rpc', 'private.reconciliations', 'is_whole', 'INSERT')
       OR has_column_privilege('pms_rpc', 'private.reconciliations', 'is_whole', 'UPDATE')
       OR has_column_privilege('service_role', 'private.reconciliations', 'is_whole', 'SELECT')
    THEN
        RAISE EXCEPTION 'private.reconciliations.is_whole is not as planned';
    END IF;

    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.reconcile'::regproc,
         'VOLATILE', 'INVOKER', 'pms_rpc', '{pms_rpc}'::text[],
         'p_yacht_id IS NULL);'),
        ('private.tick'::regproc,
         'VOLATILE', 'INVOKER', 'pms_owner', '{pms_owner}',
         'AND r.is_whole'),
        ('private.release_figures'::regproc,
         'VOLATILE', 'INVOKER', 'pms_rpc', '{pms_rpc}',
         'AND r.is_whole')
    ) AS e (function, volatility, security, owner, callers, text)
    JOIN pg_catalog.pg_proc AS p
      ON p.oid = e.function
    CROSS JOIN LATERAL (VALUES
        ('its owner', p.proowner = e.owner::regrole),
        ('its comment', obj_description(p.oid, 'pg_proc') <> ''),
        ('which runs are whole', strpos(p.prosrc, e.text) > 0),
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
END
$verify$;

ROLLBACK;
