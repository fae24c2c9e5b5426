-- part_search: the words of a part in a table of their own. Operators of text search are not leakproof,
-- so behind a policy that looks at the row their index is out of reach and every part would be
-- compared. Here the policy of pms_rpc is `true`; what is found counts only after a join to pms_parts,
-- whose policies bind.

CREATE TABLE private.part_search (
    yacht_id uuid     NOT NULL,
    part_id  uuid     NOT NULL,
    number   text     NOT NULL,
    barcode  text,
    words    tsvector NOT NULL,
    CONSTRAINT part_search_pkey PRIMARY KEY (yacht_id, part_id),
    CONSTRAINT words_are_of_a_part FOREIGN KEY (yacht_id, part_id)
        REFERENCES public.pms_parts (yacht_id, part_id) ON DELETE CASCADE
);

CREATE INDEX part_search_by_number ON private.part_search (yacht_id, number);
CREATE INDEX part_search_by_barcode ON private.part_search (yacht_id, barcode);
-- Without fastupdate: a search after an import would read all that waits to be indexed.
CREATE INDEX part_search_by_words
    ON private.part_search USING gin (yacht_id, words)
    WITH (fastupdate = off);

ALTER TABLE private.part_search OWNER TO pms_owner;
COMMENT ON TABLE private.part_search IS 'Number, barcode, name, maker and description of each part, for search_parts.';
COMMENT ON COLUMN private.part_search.number IS 'part_number in lower case.';
COMMENT ON COLUMN private.part_search.words IS
    'All that is searched, as private.searchable takes it apart.';
REVOKE ALL ON TABLE private.part_search FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.index_part_words()
    RETURNS trigger
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    -- A plan that is made while there is no word yet has to serve a whole import.
    SET enable_seqscan = off
AS $function$
DECLARE
    v_text text := concat_ws(' ', NEW.part_number, NEW.barcode, NEW.name, NEW.manufacturer,
                             NEW.category, NEW.description);
BEGIN
    INSERT INTO private.part_search AS w (yacht_id, part_id, number, barcode, words)
    VALUES (NEW.yacht_id, NEW.part_id, lower(NEW.part_number), NEW.barcode,
            private.searchable(v_text))
    ON CONFLICT (yacht_id, part_id) DO UPDATE
    SET number = excluded.number,
        barcode = excluded.barcode,
        words = excluded.words;

    INSERT INTO private.part_words (yacht_id, word)
    SELECT NEW.yacht_id, n.word
    FROM unnest(private.words_of(v_text)) AS n (word)
    -- One by one through the key, whatever the planner thinks of the table.
    WHERE (
        SELECT k.word
        FROM private.part_words AS k
        WHERE k.yacht_id = NEW.yacht_id
          AND k.word = n.word
        LIMIT 1
    ) IS NULL;
    RETURN NULL;
END
$function$;

ALTER FUNCTION private.index_part_words() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.index_part_words() IS
    'Trigger: keeps private.part_search and private.part_words in step with pms_parts.';
REVOKE ALL ON FUNCTION private.index_part_words() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION private.index_part_words() TO pms_owner;

CREATE TRIGGER t90_index_words
    AFTER INSERT OR UPDATE OF part_number, barcode, name, manufacturer, category, description
    ON public.pms_parts
    FOR EACH ROW
    EXECUTE FUNCTION private.index_part_words();
ALTER TABLE public.pms_parts ENABLE ALWAYS TRIGGER t90_index_words;
