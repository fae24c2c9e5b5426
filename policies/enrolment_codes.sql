-- enrolment_codes: for pms_rpc alone.

ALTER TABLE private.enrolment_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.enrolment_codes FORCE ROW LEVEL SECURITY;

-- A person finds their own code; who issues one finds those of the yacht. A service is no person.
CREATE POLICY select_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (user_id = (SELECT auth.uid())
        OR (SELECT auth.uid()) IS NULL
        OR yacht_id = ANY (ARRAY(
            SELECT m.yacht_id FROM private.my_roles AS m WHERE m.role IN ('captain', 'manager'))));

-- A code says who issued it.
CREATE POLICY insert_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (issued_by IS NOT DISTINCT FROM (SELECT auth.uid()));

-- A used code goes, and one that another takes the place of.
CREATE POLICY delete_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (user_id = (SELECT auth.uid())
        OR (SELECT auth.uid()) IS NULL
        OR yacht_id = ANY (ARRAY(
            SELECT m.yacht_id FROM private.my_roles AS m WHERE m.role IN ('captain', 'manager'))));

GRANT SELECT, INSERT, DELETE ON TABLE private.enrolment_codes TO pms_rpc;
