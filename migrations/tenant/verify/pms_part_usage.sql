-- Verify part_lens_tenant:pms_part_usage on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, usage_id, stock_id, part_id, quantity, quantity_change, work_order,
            equipment, used_by, used_at
    FROM public.pms_part_usage
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_people', 'select_rpc', 'insert_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY[
            'pms_part_usage_pkey', 'usage_with_its_change', 'usage_is_positive',
            'usage_is_what_its_movement_took', 'usage_is_for_something',
            'usage_is_of_a_stock_of_its_yacht'
        ] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY['pms_part_usage_by_stock', 'pms_part_usage_by_part'] <@ ARRAY(
            SELECT x.relname::text
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x
              ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid
              AND i.indisvalid)),
        ('its triggers', ARRAY['t10_append_only'] <@ ARRAY(
            SELECT t.tgname::text
            FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = c.oid
              AND t.tgenabled = 'A')),
        ('who may what',
         '{authenticated SELECT,pms_rpc SELECT,pms_rpc INSERT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'public.pms_part_usage'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.pms_part_usage is not as planned: %', v_wrong;
    END IF;

    -- The guard fires for each statement, even one that finds no row.
    BEGIN
        DELETE FROM public.pms_part_usage WHERE false;
        RAISE EXCEPTION 'public.pms_part_usage lets rows be deleted';
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
END
$verify$;

ROLLBACK;
