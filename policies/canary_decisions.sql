-- canary_decisions: written and read by calls of a service.

ALTER TABLE private.canary_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_decisions FORCE ROW LEVEL SECURITY;

-- A call of a service looks at what was decided before.
CREATE POLICY select_service ON private.canary_decisions
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

-- A call of a service decides.
CREATE POLICY insert_service ON private.canary_decisions
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (current_setting('role') = 'service_role');

-- Holding again is counted; nothing else is rewritten.
CREATE POLICY update_service ON private.canary_decisions
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (current_setting('role') = 'service_role' AND decision = 'hold')
    WITH CHECK (current_setting('role') = 'service_role' AND decision = 'hold');

GRANT SELECT, INSERT, UPDATE ON TABLE private.canary_decisions TO pms_rpc;
