-- Revert part_lens_tenant:location_helpers from pg

BEGIN;

DROP FUNCTION private.location_at_path(uuid, text);
DROP FUNCTION private.is_uuid_or_null(jsonb);
DROP FUNCTION private.location_is_within(uuid, uuid, uuid);
DROP FUNCTION private.lock_location_tree(uuid);
DROP FUNCTION private.location_changes_error(jsonb);
DROP FUNCTION private.location_name_error(text);
DROP FUNCTION private.location_error(uuid, uuid);
DROP FUNCTION private.location_path(uuid, uuid);

COMMIT;
