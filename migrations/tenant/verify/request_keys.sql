-- Verify part_lens_tenant:request_keys on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, idempotency_key, actor_id, action, arguments_sha256, result, created_at
    FROM private.request_keys
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_rpc', 'insert_rpc', 'update_rpc', 'delete_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['request_keys_pkey'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('who may what',
         '{pms_rpc SELECT,pms_rpc INSERT,pms_rpc UPDATE,pms_rpc DELETE}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'private.request_keys'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'private.request_keys is not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
