-- Revert part_lens_tenant:pms_part_locations from pg

BEGIN;

DROP TABLE public.pms_part_locations;

COMMIT;
