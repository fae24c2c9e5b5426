-- Revert part_lens_tenant:view_part_details from pg

BEGIN;

DROP FUNCTION public.view_part_details(uuid, uuid);

COMMIT;
