-- Revert part_lens_tenant:low_stock_parts from pg

BEGIN;

DROP FUNCTION public.low_stock_parts(uuid, text, integer);

COMMIT;
