-- Revert part_lens_tenant:call_answers from pg

BEGIN;

DROP FUNCTION private.refuse_argument(private.rpc_call, text, text);
DROP FUNCTION private.refuse(private.rpc_call, text, jsonb, text, uuid);
DROP FUNCTION private.answer(private.rpc_call, jsonb, text, uuid, jsonb, text);
DROP FUNCTION private.record_denial(private.rpc_call);
DROP TYPE private.rpc_call;

COMMIT;
