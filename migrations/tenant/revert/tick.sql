-- Revert part_lens_tenant:tick from pg

BEGIN;

DROP FUNCTION private.schedule_tick(text);
DROP FUNCTION private.tick(timestamptz);

COMMIT;
