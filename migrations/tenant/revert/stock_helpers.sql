-- Revert part_lens_tenant:stock_helpers from pg

BEGIN;

DROP FUNCTION private.record_usage(private.rpc_call, uuid, uuid, uuid, integer, text, text);
DROP FUNCTION private.refuse_movement(private.rpc_call, text, uuid, uuid, integer);
DROP FUNCTION private.open_stock(uuid, uuid, uuid);
DROP FUNCTION private.stock_at(uuid, uuid, uuid);
DROP FUNCTION private.resolve_stock(uuid, uuid, uuid);
DROP FUNCTION private.part_on_hand(uuid, uuid);

COMMIT;
