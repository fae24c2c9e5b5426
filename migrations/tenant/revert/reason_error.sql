-- Revert part_lens_tenant:reason_error from pg

BEGIN;

DROP FUNCTION private.reason_error(text);

COMMIT;
