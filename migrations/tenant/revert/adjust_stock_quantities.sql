-- Revert part_lens_tenant:adjust_stock_quantities from pg

BEGIN;

DROP FUNCTION public.adjust_stock_quantities(uuid, jsonb, text, text, jsonb, timestamptz, text);

COMMIT;
