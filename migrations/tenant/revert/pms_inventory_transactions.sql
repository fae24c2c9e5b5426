-- Revert part_lens_tenant:pms_inventory_transactions from pg

BEGIN;

DROP TABLE public.pms_inventory_transactions;
DROP FUNCTION private.complete_movement();

COMMIT;
