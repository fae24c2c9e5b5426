-- Revert part_lens_tenant:pms_part_usage from pg

BEGIN;

DROP TABLE public.pms_part_usage;

COMMIT;
