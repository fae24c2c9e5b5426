-- Revert part_lens_tenant:enrolment_helpers from pg

BEGIN;

DROP FUNCTION private.spend_enrolment_code(private.rpc_call, text);
DROP FUNCTION private.pin_error(text);
DROP FUNCTION private.needs_first_signer(uuid, uuid);

COMMIT;
