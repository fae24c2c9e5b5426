-- Revert part_lens_tenant:shopping_helpers from pg

BEGIN;

DROP FUNCTION private.shopping_by_part(uuid, uuid[]);
DROP FUNCTION private.lock_item(private.rpc_call, uuid, text[]);
DROP FUNCTION private.supply_error(text, text);

COMMIT;
