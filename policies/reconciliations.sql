-- reconciliations: written and read by calls of a service.

ALTER TABLE private.reconciliations ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.reconciliations FORCE ROW LEVEL SECURITY;

-- A call of a service looks at what was found.
CREATE POLICY select_service ON private.reconciliations
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

-- A call of a service reconciles.
CREATE POLICY insert_service ON private.reconciliations
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (current_setting('role') = 'service_role');

-- No UPDATE and no DELETE: what was found stays.
GRANT SELECT, INSERT ON TABLE private.reconciliations TO pms_rpc;
