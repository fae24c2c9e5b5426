-- Verify part_lens_tenant:reversal_by_key on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.reversal_error'::regproc,
         'VOLATILE', 'INVOKER', 'pms_rpc', '{pms_rpc}'::text[],
         't.transaction_id IN (p_transaction_id, ('),
        ('public.reverse_transaction'::regproc,
         'VOLATILE', 'DEFINER', 'pms_rpc', '{authenticated,pms_rpc}',
         't.transaction_id IN (p_transaction_id, (')
    ) AS e (function, volatility, security, owner, callers, text)
    JOIN pg_catalog.pg_proc AS p
      ON p.oid = e.function
    CROSS JOIN LATERAL (VALUES
        ('its owner', p.proowner = e.owner::regrole),
        ('its comment', obj_description(p.oid, 'pg_proc') <> ''),
        ('how it finds both legs', strpos(p.prosrc, e.text) > 0),
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
