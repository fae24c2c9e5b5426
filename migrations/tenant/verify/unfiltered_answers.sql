-- Verify part_lens_tenant:unfiltered_answers on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.is_unfiltered'::regproc, '%"pgrst_source"%', '{pms_rpc}'::text[]),
        ('private.open_call'::regproc, '%private.is_unfiltered(current_query())%', '{pms_rpc}')
    ) AS e (function, body, callers)
    JOIN pg_catalog.pg_proc AS p
      ON p.oid = e.function
    CROSS JOIN LATERAL (VALUES
        ('what it looks at', p.prosrc LIKE e.body),
        ('its owner', p.proowner = 'pms_rpc'::regrole),
        ('its comment', obj_description(p.oid, 'pg_proc') <> ''),
        ('whose rights it has', NOT p.prosecdef),
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
