-- Revert part_lens_master:master from pg

BEGIN;

DROP SCHEMA master;

COMMIT;
