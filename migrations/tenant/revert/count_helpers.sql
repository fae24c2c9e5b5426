-- Revert part_lens_tenant:count_helpers from pg

BEGIN;

DROP FUNCTION private.counts_error(jsonb);
DROP FUNCTION private.adjust_stock(private.rpc_call, uuid, integer, uuid);
DROP FUNCTION private.move_stock(private.rpc_call, uuid, text, bigint, uuid, uuid);

COMMIT;
