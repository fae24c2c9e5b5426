-- Revert part_lens_tenant:reject_shopping_item from pg

BEGIN;

DROP FUNCTION public.reject_shopping_item(uuid, uuid, text, text);

COMMIT;
