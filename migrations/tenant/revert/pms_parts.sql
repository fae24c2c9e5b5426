-- Revert part_lens_tenant:pms_parts from pg

BEGIN;

DROP TABLE public.pms_parts;
DROP FUNCTION private.units();

COMMIT;
