-- Revert part_lens_tenant:receive_shopping_item from pg

BEGIN;

DROP FUNCTION public.receive_shopping_item(uuid, uuid, integer, text, uuid, uuid, timestamptz, text);

COMMIT;
