-- enrolment_codes: for pms_rpc alone.

ALTER TABLE private.enrolment_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.enrolment_codes FORCE ROW LEVEL SECURITY;

-- An RPC sees the codes of the yacht that its gate opened.
CREATE POLICY select_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A code is of that yacht, and says who issued it.
CREATE POLICY insert_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (issued_by IS NOT DISTINCT FROM (SELECT auth.uid())
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A used code goes, and one that another takes the place of.
CREATE POLICY delete_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

GRANT SELECT, INSERT, DELETE ON TABLE private.enrolment_codes TO pms_rpc;
