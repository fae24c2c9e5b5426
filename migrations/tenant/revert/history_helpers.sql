-- Revert part_lens_tenant:history_helpers from pg

BEGIN;

DROP FUNCTION private.stocks_as_of(uuid, uuid, timestamptz, text);
DROP FUNCTION private.movements_of(uuid, uuid[], text[], integer);
DROP FUNCTION private.seq_at(uuid, uuid, timestamptz);

COMMIT;
