-- Revert part_lens_tenant:confirm_signature from pg

BEGIN;

DROP FUNCTION public.confirm_signature(uuid, text);

COMMIT;
