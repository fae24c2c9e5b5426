-- Revert part_lens_tenant:reactivate_part from pg

BEGIN;

DROP FUNCTION public.reactivate_part(uuid, uuid, text, text);

COMMIT;
