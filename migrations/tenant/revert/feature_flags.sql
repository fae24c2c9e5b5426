-- Revert part_lens_tenant:feature_flags from pg

BEGIN;

DROP FUNCTION private.canary_bucket(text, uuid);
DROP TABLE public.feature_flags;

COMMIT;
