-- Verify part_lens_tenant:low_stock_in_order on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
        WHERE i.indexrelid = 'public.pms_parts_as_low_stock_lists_them'::regclass
          AND i.indrelid = 'public.pms_parts'::regclass
          AND i.indisvalid
    ) THEN
        RAISE EXCEPTION 'public.pms_parts: the index for low_stock_parts is not valid';
    END IF;

    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.parts_below_minimum'::regproc,
         'STABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'::text[]),
        ('public.low_stock_parts'::regproc,
         'STABLE', 'DEFINER', 'pms_rpc', '{authenticated,pms_rpc}')
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
END
$verify$;

ROLLBACK;
