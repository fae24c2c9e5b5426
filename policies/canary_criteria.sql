-- canary_criteria: read by calls of a service; written by migrations and by the deployer.

ALTER TABLE private.canary_criteria ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_criteria FORCE ROW LEVEL SECURITY;

-- A call of a service reads the thresholds.
CREATE POLICY select_service ON private.canary_criteria
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

GRANT SELECT ON TABLE private.canary_criteria TO pms_rpc;
