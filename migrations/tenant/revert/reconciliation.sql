-- Revert part_lens_tenant:reconciliation from pg

BEGIN;

DROP FUNCTION public.reconcile(uuid);
DROP FUNCTION private.reconcile(timestamptz, uuid);
DROP FUNCTION private.reconcile_yacht(uuid);
DROP TABLE private.reconciliations;

COMMIT;
