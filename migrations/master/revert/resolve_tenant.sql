-- Revert part_lens_master:resolve_tenant from pg

BEGIN;

DROP FUNCTION master.resolve_tenant(uuid);

COMMIT;
