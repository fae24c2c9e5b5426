-- part_words: for pms_rpc alone. As with part_search, its policies do not look at the row: trigram
-- operators are not leakproof.

ALTER TABLE private.part_words ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.part_words FORCE ROW LEVEL SECURITY;

-- What is found by a word counts only after a join to pms_parts, whose policies bind.
CREATE POLICY select_rpc ON private.part_words
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

-- Written by the trigger of pms_parts.
CREATE POLICY insert_rpc ON private.part_words
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (true);

-- No UPDATE and no DELETE: another part may have the word.
GRANT SELECT, INSERT ON TABLE private.part_words TO pms_rpc;
