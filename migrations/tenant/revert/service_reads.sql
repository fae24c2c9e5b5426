-- Revert part_lens_tenant:service_reads from pg

BEGIN;

DROP POLICY select_service ON private.signatures;
REVOKE SELECT (yacht_id, actor_id, action, outcome, signature)
    ON TABLE public.pms_audit_log FROM pms_rpc;
DROP POLICY select_service ON public.pms_audit_log;
DROP POLICY insert_reconcile ON public.pms_audit_log;
REVOKE SELECT (yacht_id, name) ON TABLE public.yacht_registry FROM pms_rpc;
DROP POLICY select_service ON public.yacht_registry;

COMMIT;
