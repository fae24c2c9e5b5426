-- Revert part_lens_tenant:signatures from pg

BEGIN;

DROP TABLE private.signatures;

COMMIT;
