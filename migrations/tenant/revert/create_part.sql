-- Revert part_lens_tenant:create_part from pg

BEGIN;

DROP FUNCTION public.create_part(
    uuid, text, text, text, text, text, text, text, text, integer, integer, boolean, uuid, integer);

COMMIT;
