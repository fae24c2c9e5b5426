-- Revert part_lens_tenant:deactivate_part from pg

BEGIN;

DROP FUNCTION public.deactivate_part(uuid, uuid, text, text);

COMMIT;
