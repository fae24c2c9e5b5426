-- Revert part_lens_tenant:consume_part from pg

BEGIN;

DROP FUNCTION public.consume_part(
    uuid, uuid, integer, text, uuid, text, text, timestamptz, text, integer);

COMMIT;
