-- Revert part_lens_tenant:sign_call from pg

BEGIN;

DROP FUNCTION private.signing_error(jsonb, text);
DROP FUNCTION private.sign_call(private.rpc_call, jsonb, jsonb);
DROP FUNCTION private.signing_gate(uuid);

COMMIT;
