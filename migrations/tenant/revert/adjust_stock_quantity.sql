-- Revert part_lens_tenant:adjust_stock_quantity from pg

BEGIN;

DROP FUNCTION public.adjust_stock_quantity(uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer);

COMMIT;
