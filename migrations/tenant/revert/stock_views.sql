-- Revert part_lens_tenant:stock_views from pg

BEGIN;

DROP FUNCTION private.check_inventory_drift(uuid);
DROP VIEW public.pms_stock_by_location;
DROP VIEW public.pms_part_stock;
DROP VIEW public.v_stock_from_transactions;

COMMIT;
