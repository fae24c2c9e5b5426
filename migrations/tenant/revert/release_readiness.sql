-- Revert part_lens_tenant:release_readiness from pg

BEGIN;

DROP FUNCTION public.release_readiness();
DROP FUNCTION private.release_readiness(timestamptz, text);
DROP FUNCTION private.release_figures(timestamptz, text);
DROP FUNCTION private.ledger_health();

COMMIT;
