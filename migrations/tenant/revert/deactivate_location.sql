-- Revert part_lens_tenant:deactivate_location from pg

BEGIN;

DROP FUNCTION public.deactivate_location(uuid, uuid, text, text);

COMMIT;
