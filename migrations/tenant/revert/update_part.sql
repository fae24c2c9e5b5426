-- Revert part_lens_tenant:update_part from pg

BEGIN;

DROP FUNCTION public.update_part(uuid, uuid, jsonb, text);

COMMIT;
