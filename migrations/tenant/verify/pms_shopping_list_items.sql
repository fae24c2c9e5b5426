-- Verify part_lens_tenant:pms_shopping_list_items on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, item_id, part_id, status, quantity, quantity_received, supplier,
            reference, notes, reject_reason, requested_by, requested_at, decided_by, decided_at,
            ordered_by, ordered_at, received_at, received_transaction_id
    FROM public.pms_shopping_list_items
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
            'pms_shopping_list_items_pkey', 'item_status_is_known',
            'item_quantity_is_in_range', 'no_more_is_received_than_wanted',
            'only_what_is_ordered_arrives', 'item_is_received_when_complete',
            'delivery_has_its_movement', 'each_step_says_who',
            'item_is_of_a_part_of_its_yacht'
        ] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY['pms_shopping_list_items_by_part'] <@ ARRAY(
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
    WHERE c.oid = 'public.pms_shopping_list_items'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.pms_shopping_list_items is not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
