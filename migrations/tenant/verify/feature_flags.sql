-- Verify part_lens_tenant:feature_flags on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM flag_name, enabled, canary_percentage, updated_at
    FROM public.feature_flags
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_people', 'select_rpc', 'update_service'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['feature_flags_pkey', 'percentage_is_of_a_hundred'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('who may what',
         '{authenticated SELECT,pms_rpc SELECT,pms_rpc UPDATE}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'public.feature_flags'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.feature_flags is not as planned: %', v_wrong;
    END IF;

    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.canary_bucket'::regproc, 'IMMUTABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'::text[])
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
        ('the flag is missing', EXISTS (
            SELECT FROM public.feature_flags AS f WHERE f.flag_name = 'part_lens_v2')),
        ('yachts have other places', private.canary_bucket(
            'part_lens_v2', '00000000-0000-0000-0000-000000000000') = 71)
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
