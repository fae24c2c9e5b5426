-- Revert part_lens_tenant:pms_inventory_stock from pg

BEGIN;

DROP TABLE public.pms_inventory_stock;

COMMIT;
