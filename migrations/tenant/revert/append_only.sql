-- Revert part_lens_tenant:append_only from pg

BEGIN;

DROP FUNCTION private.refuse_change();

COMMIT;
