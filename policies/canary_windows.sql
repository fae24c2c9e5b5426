-- canary_windows: reported and read by calls of a service.

ALTER TABLE private.canary_windows ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_windows FORCE ROW LEVEL SECURITY;

-- A call of a service decides by what was reported.
CREATE POLICY select_service ON private.canary_windows
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

-- A gateway, as a service, reports a window.
CREATE POLICY insert_service ON private.canary_windows
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (current_setting('role') = 'service_role');

-- No UPDATE: what was reported stays. No DELETE: private.tick, which forgets them, is the deployer's.
GRANT SELECT, INSERT ON TABLE private.canary_windows TO pms_rpc;
