-- Revert part_lens_tenant:transfer_part from pg

BEGIN;

DROP FUNCTION public.transfer_part(
    uuid, uuid, uuid, uuid, integer, text, timestamptz, text, integer);

COMMIT;
