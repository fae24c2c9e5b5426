-- Revert part_lens_tenant:order_shopping_item from pg

BEGIN;

DROP FUNCTION public.order_shopping_item(uuid, uuid, text, text, text);

COMMIT;
