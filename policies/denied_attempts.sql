-- denied_attempts: for pms_rpc alone; the person has no role by which a row could be tested.

ALTER TABLE private.denied_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.denied_attempts FORCE ROW LEVEL SECURITY;

-- The cap counts the attempts of all persons' rows of a minute.
CREATE POLICY select_rpc ON private.denied_attempts
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

-- Each refusal of a stranger is recorded.
CREATE POLICY insert_rpc ON private.denied_attempts
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (true);

-- A further attempt in the same minute is counted.
CREATE POLICY update_rpc ON private.denied_attempts
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (true)
    WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON TABLE private.denied_attempts TO pms_rpc;
