-- Revert part_lens_tenant:part_suggestions from pg

BEGIN;

DROP FUNCTION public.part_suggestions(uuid, uuid);

COMMIT;
