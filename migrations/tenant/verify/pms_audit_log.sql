-- Verify part_lens_tenant:pms_audit_log on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, created_at, audit_id, actor_id, role, action, entity_type, entity_id,
            outcome, error_code, signature, metadata
    FROM public.pms_audit_log
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_people', 'insert_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['pms_audit_log_pkey'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its triggers', ARRAY['t10_append_only', 't20_append_only'] <@ ARRAY(
            SELECT t.tgname::text
            FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = c.oid
              AND t.tgenabled = 'A')),
        ('who may what', '{authenticated SELECT,pms_rpc INSERT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'public.pms_audit_log'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.pms_audit_log is not as planned: %', v_wrong;
    END IF;

    -- The guard fires for each statement, even one that finds no row.
    BEGIN
        DELETE FROM public.pms_audit_log WHERE false;
        RAISE EXCEPTION 'public.pms_audit_log lets rows be deleted';
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
END
$verify$;

ROLLBACK;
