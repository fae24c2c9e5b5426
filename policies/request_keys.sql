-- request_keys: for pms_rpc alone.

ALTER TABLE private.request_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.request_keys FORCE ROW LEVEL SECURITY;

-- An RPC sees the keys of the caller's yachts: another person's key is not free either.
CREATE POLICY select_rpc ON private.request_keys
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = ANY (ARRAY(SELECT m.yacht_id FROM private.my_roles AS m)));

-- A key is claimed for the caller.
CREATE POLICY insert_rpc ON private.request_keys
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id = auth.uid());

-- The result is added by who claimed the key.
CREATE POLICY update_rpc ON private.request_keys
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (actor_id = (SELECT auth.uid()))
    WITH CHECK (actor_id = (SELECT auth.uid()));

-- A refused call leaves its key free.
CREATE POLICY delete_rpc ON private.request_keys
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (actor_id = (SELECT auth.uid()));

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE private.request_keys TO pms_rpc;
