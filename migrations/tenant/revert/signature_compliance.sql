-- Revert part_lens_tenant:signature_compliance from pg

BEGIN;

DROP FUNCTION public.signature_compliance();
DROP FUNCTION private.signature_compliance();
DROP FUNCTION private.signed_counts(uuid);
DROP FUNCTION private.is_complete_proof(jsonb);

COMMIT;
