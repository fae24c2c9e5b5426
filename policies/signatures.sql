-- signatures: for pms_rpc alone.

ALTER TABLE private.signatures ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.signatures FORCE ROW LEVEL SECURITY;

-- An RPC sees the signatures of the caller.
CREATE POLICY select_rpc ON private.signatures
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()));

-- A signature is the caller's own.
CREATE POLICY insert_rpc ON private.signatures
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (user_id = (SELECT auth.uid()));

-- A call of a service counts what was signed on the yacht that is open.
CREATE POLICY select_service ON private.signatures
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role'
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

GRANT SELECT, INSERT ON TABLE private.signatures TO pms_rpc;
