-- Verify part_lens_tenant:yachts_and_people on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, name, created_at
    FROM public.yacht_registry
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_people'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['yacht_registry_pkey', 'yacht_has_a_name'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('who may what', '{authenticated SELECT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'public.yacht_registry'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.yacht_registry is not as planned: %', v_wrong;
    END IF;

    PERFORM user_id, yacht_id, role, is_active, valid_from, valid_until
    FROM public.auth_users_roles
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_people', 'select_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY[
            'auth_users_roles_pkey', 'role_is_known', 'role_ends_after_it_begins',
            'role_is_on_a_yacht'
        ] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY['auth_users_roles_by_yacht'] <@ ARRAY(
            SELECT x.relname::text
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x
              ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid
              AND i.indisvalid)),
        ('who may what', '{authenticated SELECT,pms_rpc SELECT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'public.auth_users_roles'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.auth_users_roles is not as planned: %', v_wrong;
    END IF;

    SELECT string_agg(format('%s: %s', e.view, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.my_roles'::regclass,
         '{pms_rpc SELECT}'::text[])
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
        ('private.my_yachts'::regproc,
         'STABLE', 'DEFINER', 'pms_rpc', '{authenticated,pms_rpc}'::text[])
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
