-- Revert part_lens_tenant:domains from pg

BEGIN;

DROP DOMAIN private.idempotency_key;
DROP DOMAIN private.audit_outcome;
DROP DOMAIN private.signature_proof;

COMMIT;
