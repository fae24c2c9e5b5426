-- canary_steps: read by calls of a service; written by migrations and by the deployer.

ALTER TABLE private.canary_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_steps FORCE ROW LEVEL SECURITY;

-- A call of a service reads the ramp.
CREATE POLICY select_service ON private.canary_steps
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

GRANT SELECT ON TABLE private.canary_steps TO pms_rpc;
