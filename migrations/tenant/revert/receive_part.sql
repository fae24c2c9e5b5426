-- Revert part_lens_tenant:receive_part from pg

BEGIN;

DROP FUNCTION public.receive_part(
    uuid, uuid, integer, text, uuid, text, text, uuid, timestamptz, text, integer);

COMMIT;
