-- Verify part_lens_tenant:pms_inventory_stock on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, stock_id, part_id, location_id, part_is_active, location_is_active, quantity,
            newest_seq, created_at
    FROM public.pms_inventory_stock
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_people', 'select_rpc', 'insert_rpc', 'update_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY[
            'pms_inventory_stock_pkey', 'stock_is_unique_per_part_and_location',
            'stock_with_its_part', 'stock_is_of_a_part_of_its_yacht',
            'stock_is_at_a_location_of_its_yacht'
        ] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY[
            'pms_inventory_stock_by_part', 'pms_inventory_stock_by_location'
        ] <@ ARRAY(
            SELECT x.relname::text
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x
              ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid
              AND i.indisvalid)),
        ('who may what',
         '{authenticated SELECT,pms_rpc SELECT,pms_rpc INSERT,pms_rpc UPDATE}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'public.pms_inventory_stock'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.pms_inventory_stock is not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
