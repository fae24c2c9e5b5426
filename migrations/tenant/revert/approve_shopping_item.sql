-- Revert part_lens_tenant:approve_shopping_item from pg

BEGIN;

DROP FUNCTION public.approve_shopping_item(uuid, uuid, text);

COMMIT;
