-- request_keys: for pms_rpc alone.

ALTER TABLE private.request_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.request_keys FORCE ROW LEVEL SECURITY;

-- An RPC sees the keys of the yacht that its gate opened: another person's key is not free either.
CREATE POLICY select_rpc ON private.request_keys
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A key is claimed for the caller.
CREATE POLICY insert_rpc ON private.request_keys
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id = auth.uid()
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- The result is added by who claimed the key.
CREATE POLICY update_rpc ON private.request_keys
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (actor_id = auth.uid())
    WITH CHECK (actor_id = auth.uid());

-- A refused call leaves its key free.
CREATE POLICY delete_rpc ON private.request_keys
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (actor_id = auth.uid());

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE private.request_keys TO pms_rpc;
