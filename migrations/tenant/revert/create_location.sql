-- Revert part_lens_tenant:create_location from pg

BEGIN;

DROP FUNCTION public.create_location(uuid, text, text, uuid);

COMMIT;
