-- Deploy part_lens_tenant:pms_audit_log to pg
-- requires: append_only
-- requires: yachts_and_people
-- requires: domains

BEGIN;

-- pms_audit_log: what was done and what was refused. Append-only, by month. Retention: detach a month
-- and drop it (private.drop_audit_months). No foreign key to the yacht: each call would lock its row.

CREATE TABLE public.pms_audit_log (
    yacht_id    uuid                    NOT NULL,
    created_at  timestamptz             NOT NULL DEFAULT clock_timestamp(),
    audit_id    uuid                    NOT NULL DEFAULT private.uuid_v7(),
    actor_id    uuid,
    role        text,
    action      text                    NOT NULL,
    entity_type text,
    entity_id   uuid,
    outcome     private.audit_outcome   NOT NULL,
    error_code  text,
    signature   private.signature_proof,
    metadata    jsonb                   NOT NULL DEFAULT '{}',
    CONSTRAINT pms_audit_log_pkey PRIMARY KEY (yacht_id, created_at, audit_id)
) PARTITION BY RANGE (created_at);

CREATE TRIGGER t10_append_only
    BEFORE UPDATE OR DELETE ON public.pms_audit_log
    FOR EACH ROW
    EXECUTE FUNCTION private.refuse_change();
ALTER TABLE public.pms_audit_log ENABLE ALWAYS TRIGGER t10_append_only;
CREATE TRIGGER t20_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON public.pms_audit_log
    FOR EACH STATEMENT
    EXECUTE FUNCTION private.refuse_change();
ALTER TABLE public.pms_audit_log ENABLE ALWAYS TRIGGER t20_append_only;

ALTER TABLE public.pms_audit_log OWNER TO pms_owner;
COMMENT ON TABLE public.pms_audit_log IS 'What was done and what was refused. Append-only, by month.';
COMMENT ON COLUMN public.pms_audit_log.actor_id IS 'Who called; NULL: a service.';
COMMENT ON COLUMN public.pms_audit_log.role IS 'The yacht role that counted.';
COMMENT ON COLUMN public.pms_audit_log.signature IS 'What proves a signature, never a secret; {} when unsigned.';
COMMENT ON COLUMN public.pms_audit_log.metadata IS 'source, lens, request id, and what the action adds.';
REVOKE ALL ON TABLE public.pms_audit_log FROM PUBLIC, anon, authenticated, service_role;

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

-- No UPDATE, DELETE or TRUNCATE for anybody: append-only.
GRANT SELECT ON TABLE public.pms_audit_log TO authenticated;
GRANT INSERT ON TABLE public.pms_audit_log TO pms_rpc;

COMMIT;
