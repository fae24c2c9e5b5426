-- Revert part_lens_tenant:refusals from pg

BEGIN;

DROP TABLE private.refusals;

COMMIT;
