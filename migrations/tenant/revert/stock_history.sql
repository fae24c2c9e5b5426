-- Revert part_lens_tenant:stock_history from pg

BEGIN;

DROP FUNCTION public.stock_history(uuid, uuid, uuid, text, integer);

COMMIT;
