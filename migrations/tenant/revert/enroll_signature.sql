-- Revert part_lens_tenant:enroll_signature from pg

BEGIN;

DROP FUNCTION public.enroll_signature(uuid, text, text, jsonb);

COMMIT;
