-- Verify part_lens_tenant:stock_views on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(format('%s: %s', e.view, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('public.v_stock_from_transactions'::regclass,
         '{authenticated SELECT,pms_rpc SELECT}'::text[]),
        ('public.pms_part_stock'::regclass,
         '{authenticated SELECT,pms_rpc SELECT}'::text[]),
        ('public.pms_stock_by_location'::regclass,
         '{authenticated SELECT,pms_rpc SELECT}'::text[])
    ) AS e (view, may)
    JOIN pg_catalog.pg_class AS c
      ON c.oid = e.view
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('whose rights it has', 'security_invoker=true' = ANY (c.reloptions)),
        ('who may what', e.may = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'views are not as planned: %', v_wrong;
    END IF;

    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.check_inventory_drift'::regproc,
         'STABLE', 'INVOKER', 'pms_owner', '{pms_owner}'::text[])
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
