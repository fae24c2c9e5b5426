-- Revert part_lens_tenant:open_call from pg

BEGIN;

DROP FUNCTION private.open_call(text, uuid, jsonb, text, jsonb);
DROP FUNCTION private.refuse_twin(private.rpc_call, text, jsonb);
DROP FUNCTION private.argument_error(jsonb, text[]);

COMMIT;
