-- refusals: read by pms_rpc; written by migrations alone.

ALTER TABLE private.refusals ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.refusals FORCE ROW LEVEL SECURITY;

-- The words of a refusal are the same for everybody.
CREATE POLICY select_rpc ON private.refusals
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE private.refusals TO pms_rpc;
