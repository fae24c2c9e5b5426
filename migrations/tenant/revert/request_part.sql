-- Revert part_lens_tenant:request_part from pg

BEGIN;

DROP FUNCTION public.request_part(uuid, uuid, integer, text, text);

COMMIT;
