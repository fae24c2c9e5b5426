-- part_words: the words that parts of a yacht have or had, each once, for search_parts: what a mistyped
-- word may mean is looked up among some thousand words, not in the texts of all parts.
--
-- Once, unless two transactions bring the same word at the same time: they do not wait for each other, so
-- that nobody waits for an import, and a word that stands here twice finds the same parts. Words that no
-- part has any more stay, and find none.

CREATE TABLE private.part_words (
    yacht_id uuid   NOT NULL,
    word     text   NOT NULL,
    word_id  bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT part_words_pkey PRIMARY KEY (yacht_id, word, word_id),
    CONSTRAINT word_is_of_a_yacht FOREIGN KEY (yacht_id)
        REFERENCES public.yacht_registry (yacht_id) ON DELETE RESTRICT
);

-- Without fastupdate: a search after an import would read all that waits to be indexed.
CREATE INDEX part_words_by_likeness
    ON private.part_words USING gin (yacht_id, word extensions.gin_trgm_ops)
    WITH (fastupdate = off);

ALTER TABLE private.part_words OWNER TO pms_owner;
COMMENT ON TABLE private.part_words IS
    'The words that parts of a yacht have or had, as private.words_of finds them, for search_parts.';
COMMENT ON SEQUENCE private.part_words_word_id_seq IS 'Numbers the rows of part_words.';
REVOKE ALL ON TABLE private.part_words FROM PUBLIC, anon, authenticated, service_role;
