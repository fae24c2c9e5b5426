-- pms_audit_log: captain and manager read the log of their yachts; RPCs append.

ALTER TABLE public.pms_audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_audit_log FORCE ROW LEVEL SECURITY;

-- Captain and manager see the log of their yachts.
CREATE POLICY select_people ON public.pms_audit_log
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY (
        (SELECT private.my_yachts(ARRAY['captain', 'manager']))::uuid[]));

-- A row is the caller's own, on the yacht that the gate opened; a rejection has a code.
CREATE POLICY insert_rpc ON public.pms_audit_log
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id = auth.uid()
        AND (outcome = 'rejected') = (error_code IS NOT NULL)
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A service, who is no person, is on record for the one thing that it may do on a yacht.
CREATE POLICY insert_service ON public.pms_audit_log
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id IS NULL
        AND (SELECT auth.uid()) IS NULL
        AND action = 'issue_enrolment_code'
        AND outcome = 'ok'
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

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

-- No UPDATE, DELETE or TRUNCATE for anybody: append-only.
GRANT SELECT ON TABLE public.pms_audit_log TO authenticated;
GRANT INSERT ON TABLE public.pms_audit_log TO pms_rpc;
-- What a count of signatures takes.
GRANT SELECT (yacht_id, actor_id, action, outcome, signature) ON TABLE public.pms_audit_log TO pms_rpc;
