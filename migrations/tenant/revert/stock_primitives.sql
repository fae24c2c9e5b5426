-- Revert part_lens_tenant:stock_primitives from pg

BEGIN;

DROP FUNCTION private.add_stock_inventory(uuid, integer, uuid, text, private.rpc_call, uuid, uuid);
DROP FUNCTION private.deduct_stock_inventory(
    uuid, integer, uuid, text, private.rpc_call, uuid, uuid);
DROP FUNCTION private.append_movement(private.rpc_call, uuid, text, integer, uuid, uuid);

COMMIT;
