-- Revert part_lens_tenant:search_parts from pg

BEGIN;

DROP FUNCTION public.search_parts(uuid, text, text, integer);

COMMIT;
