-- Revert part_lens_tenant:write_off_part from pg

BEGIN;

DROP FUNCTION public.write_off_part(uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer);

COMMIT;
