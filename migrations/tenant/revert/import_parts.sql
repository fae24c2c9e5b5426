-- Revert part_lens_tenant:import_parts from pg

BEGIN;

DROP FUNCTION public.import_parts(uuid, jsonb, text, boolean);

COMMIT;
