-- Revert part_lens_tenant:uuid_v7 from pg

BEGIN;

DROP FUNCTION private.uuid_v7();

COMMIT;
