-- Revert part_lens_tenant:issue_enrolment_code from pg

BEGIN;

DROP FUNCTION public.issue_enrolment_code(uuid, uuid, text, jsonb);
DROP POLICY insert_service ON public.pms_audit_log;

COMMIT;
