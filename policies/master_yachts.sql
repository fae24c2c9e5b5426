-- master.yachts: read by master.resolve_tenant alone; the deployer writes.

ALTER TABLE master.yachts ENABLE ROW LEVEL SECURITY;
ALTER TABLE master.yachts FORCE ROW LEVEL SECURITY;

-- resolve_tenant looks for the person that it is asked for.
CREATE POLICY select_rpc ON master.yachts
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE master.yachts TO pms_rpc;
