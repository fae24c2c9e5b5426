-- master.tenants: read by master.resolve_tenant alone; the deployer writes.

ALTER TABLE master.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE master.tenants FORCE ROW LEVEL SECURITY;

-- resolve_tenant looks for the person that it is asked for.
CREATE POLICY select_rpc ON master.tenants
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE master.tenants TO pms_rpc;
