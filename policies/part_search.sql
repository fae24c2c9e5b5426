-- part_search: for pms_rpc alone. See the table for why its policies do not look at the row.

ALTER TABLE private.part_search ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.part_search FORCE ROW LEVEL SECURITY;

-- What is found counts only after a join to pms_parts, whose policies bind.
CREATE POLICY select_rpc ON private.part_search
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

-- Written by the trigger of pms_parts.
CREATE POLICY insert_rpc ON private.part_search
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (true);

-- Written by the trigger of pms_parts.
CREATE POLICY update_rpc ON private.part_search
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (true)
    WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON TABLE private.part_search TO pms_rpc;
