-- signing_failures: for pms_rpc alone, which adds and never removes.

ALTER TABLE private.signing_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.signing_failures FORCE ROW LEVEL SECURITY;

-- An RPC counts the failures of the caller.
CREATE POLICY select_rpc ON private.signing_failures
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()));

-- A failure is the caller's own.
CREATE POLICY insert_rpc ON private.signing_failures
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (user_id = (SELECT auth.uid()));

GRANT SELECT, INSERT ON TABLE private.signing_failures TO pms_rpc;
