-- Revert part_lens_tenant:role_helpers from pg

BEGIN;

DROP FUNCTION private.is_manager(uuid, uuid);
DROP FUNCTION private.is_hod(uuid, uuid);
DROP FUNCTION private.is_operational_crew(uuid, uuid);
DROP FUNCTION private.has_yacht_role(uuid, uuid, text[]);

COMMIT;
