-- Revert part_lens_tenant:denied_attempts from pg

BEGIN;

DROP TABLE private.denied_attempts;

COMMIT;
