-- Verify part_lens_tenant:deliveries_of_items on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('a constraint is missing', 3 = (
            SELECT count(*)
            FROM pg_catalog.pg_constraint AS k
            WHERE k.convalidated
              AND (k.conrelid, k.conname) IN (
                  ('public.pms_inventory_transactions'::regclass,
                   'only_deliveries_are_of_an_item'),
                  ('public.pms_inventory_transactions'::regclass,
                   'delivery_is_of_an_item_of_its_yacht'),
                  ('public.pms_shopping_list_items'::regclass,
                   'delivery_is_a_movement_on_its_yacht')))),
        ('an index is missing',
         'public.pms_inventory_transactions_by_item'::regclass IS NOT NULL
         AND 'public.movement_delivers_one_item'::regclass IS NOT NULL),
        ('private.append_movement does not write the item', EXISTS (
            SELECT
            FROM pg_catalog.pg_proc AS p
            WHERE p.oid = 'private.append_movement'::regproc
              AND p.proowner = 'pms_rpc'::regrole
              AND p.prosrc LIKE '%metadata, item_id)%'))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
