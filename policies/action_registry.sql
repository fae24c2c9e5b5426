-- action_registry: read by pms_rpc; written by migrations alone.

ALTER TABLE private.action_registry ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.action_registry FORCE ROW LEVEL SECURITY;

-- The registry is the same for everybody.
CREATE POLICY select_rpc ON private.action_registry
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE private.action_registry TO pms_rpc;
