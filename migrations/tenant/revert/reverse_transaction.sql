-- Revert part_lens_tenant:reverse_transaction from pg

BEGIN;

DROP FUNCTION public.reverse_transaction(uuid, uuid, text, text, jsonb, timestamptz, text, integer);
DROP FUNCTION private.reversal_error(uuid, uuid);

COMMIT;
