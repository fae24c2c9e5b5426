-- Deploy part_lens_tenant:service_reads to pg
-- requires: stock_views
-- requires: signatures
-- requires: pms_audit_log

BEGIN;

-- A call of a service goes through the yachts, opening one at a time.
CREATE POLICY select_service ON public.yacht_registry
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

GRANT SELECT (yacht_id, name) ON TABLE public.yacht_registry TO pms_rpc;

-- A repair of the cache is on record on the yacht that is open.
CREATE POLICY insert_reconcile ON public.pms_audit_log
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id IS NULL
        AND action = 'reconcile'
        AND outcome = 'ok'
        AND current_setting('role') = 'service_role'
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A call of a service counts what was signed on the yacht that is open.
CREATE POLICY select_service ON public.pms_audit_log
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role'
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- What a count of signatures takes.
GRANT SELECT (yacht_id, actor_id, action, outcome, signature) ON TABLE public.pms_audit_log TO pms_rpc;

-- A call of a service counts what was signed on the yacht that is open.
CREATE POLICY select_service ON private.signatures
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role'
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

COMMIT;
