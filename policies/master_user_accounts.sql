-- master.user_accounts: read by master.resolve_tenant alone; the deployer writes.

ALTER TABLE master.user_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE master.user_accounts FORCE ROW LEVEL SECURITY;

-- resolve_tenant looks for the person that it is asked for.
CREATE POLICY select_rpc ON master.user_accounts
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE master.user_accounts TO pms_rpc;
