-- signing_credentials: for pms_rpc alone.

ALTER TABLE private.signing_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.signing_credentials FORCE ROW LEVEL SECURITY;

-- An RPC sees the caller's own. A service, who is no person, must see whether a captain has one.
CREATE POLICY select_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()) OR (SELECT auth.uid()) IS NULL);

-- A credential is the caller's own.
CREATE POLICY insert_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (user_id = (SELECT auth.uid()));

-- A person confirms their own.
CREATE POLICY update_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()))
    WITH CHECK (user_id = (SELECT auth.uid()));

-- A new one takes the place of the caller's old one.
CREATE POLICY delete_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()));

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE private.signing_credentials TO pms_rpc;
