-- Revert part_lens_tenant:reading_helpers from pg

BEGIN;

DROP FUNCTION private.parts_below_minimum(uuid);
DROP FUNCTION private.reorder_quantity(integer, integer, bigint, bigint);
DROP FUNCTION private.find_parts(uuid, text);
DROP FUNCTION private.part_details(uuid, uuid);

COMMIT;
