-- Revert part_lens_tenant:pms_audit_log from pg

BEGIN;

DROP TABLE public.pms_audit_log;

COMMIT;
