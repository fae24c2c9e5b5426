-- Revert part_lens_tenant:update_location from pg

BEGIN;

DROP FUNCTION public.update_location(uuid, uuid, jsonb, text);

COMMIT;
