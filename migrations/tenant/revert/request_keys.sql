-- Revert part_lens_tenant:request_keys from pg

BEGIN;

DROP TABLE private.request_keys;

COMMIT;
