-- Verify part_lens_master:directory on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM tenant_key_alias, name, is_active
    FROM master.tenants
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['tenants_pkey', 'alias_is_an_upper_case_name'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('who may what', '{pms_rpc SELECT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'authenticator',
                              'master_resolver', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE CASE
                WHEN r.role = 'public' OR to_regrole(r.role) IS NOT NULL
                THEN has_table_privilege(r.role, c.oid, p.privilege)
            END
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'master.tenants'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'master.tenants is not as planned: %', v_wrong;
    END IF;

    PERFORM yacht_id, tenant_key_alias, name
    FROM master.yachts
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['yachts_pkey', 'yacht_is_of_a_tenant'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY['yachts_by_tenant'] <@ ARRAY(
            SELECT x.relname::text
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x
              ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid
              AND i.indisvalid)),
        ('who may what', '{pms_rpc SELECT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'authenticator',
                              'master_resolver', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE CASE
                WHEN r.role = 'public' OR to_regrole(r.role) IS NOT NULL
                THEN has_table_privilege(r.role, c.oid, p.privilege)
            END
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'master.yachts'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'master.yachts is not as planned: %', v_wrong;
    END IF;

    PERFORM user_id, tenant_key_alias, is_active
    FROM master.user_accounts
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['user_accounts_pkey', 'account_is_of_a_tenant'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY['user_accounts_by_tenant'] <@ ARRAY(
            SELECT x.relname::text
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x
              ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid
              AND i.indisvalid)),
        ('who may what', '{pms_rpc SELECT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'authenticator',
                              'master_resolver', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE CASE
                WHEN r.role = 'public' OR to_regrole(r.role) IS NOT NULL
                THEN has_table_privilege(r.role, c.oid, p.privilege)
            END
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'master.user_accounts'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'master.user_accounts is not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
