-- Revert part_lens_tenant:reactivate_location from pg

BEGIN;

DROP FUNCTION public.reactivate_location(uuid, uuid, text, text);

COMMIT;
