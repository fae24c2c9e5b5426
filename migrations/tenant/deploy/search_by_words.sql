-- Deploy part_lens_tenant:search_by_words to pg
-- requires: search_in_steps
-- requires: yachts_and_people

BEGIN;

DROP FUNCTION private.parts_like_words(uuid, text[], numeric, numeric);
DROP FUNCTION private.parts_with_words(uuid, text, text, text[]);
DROP FUNCTION private.beginnings(text[]);

-- private.words_of, private.searchable: a text taken apart, the same way for parts and for queries.

CREATE FUNCTION private.words_of(
    p_text      text,
    p_in_pieces boolean DEFAULT false
)
    RETURNS text[]
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- By code, and not by what a locale takes for a sign: databases must agree.
    c_signs constant text := $signs$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$signs$;
BEGIN
    RETURN ARRAY(
        -- Cut, because an index takes no word of any length, nor any number of them.
        SELECT DISTINCT left(w.word, 100)
        FROM regexp_split_to_table(
            CASE
                WHEN p_in_pieces THEN translate(
                    lower(left(p_text, 20000)), c_signs, repeat(' ', length(c_signs)))
                ELSE lower(left(p_text, 20000))
            END, '\s+') AS t
        CROSS JOIN LATERAL btrim(t, c_signs) AS w (word)
        WHERE w.word <> ''
    );
END
$function$;

CREATE FUNCTION private.searchable(p_text text)
    RETURNS tsvector
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN array_to_tsvector(private.words_of(p_text) || private.words_of(p_text, true));
END
$function$;

ALTER FUNCTION private.words_of(text, boolean) OWNER TO pms_rpc;
ALTER FUNCTION private.searchable(text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.words_of(text, boolean) IS
    'The words of a text in lower case, each once, without the signs around them; p_in_pieces: signs part words, as blanks do.';
COMMENT ON FUNCTION private.searchable(text) IS 'The words of a text, whole and in pieces.';
REVOKE ALL ON FUNCTION private.words_of(text, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.searchable(text) FROM PUBLIC, anon, authenticated, service_role;

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

INSERT INTO private.part_words (yacht_id, word)
SELECT w.yacht_id, w.word
FROM (
    SELECT s.yacht_id, unnest(private.words_of(s.words)) AS word
    FROM private.part_search AS s
) AS w
GROUP BY w.yacht_id, w.word
ORDER BY w.yacht_id, w.word;

DROP INDEX private.part_search_by_words;
ALTER TABLE private.part_search
    ALTER COLUMN words TYPE tsvector USING private.searchable(words);
-- Without fastupdate: a search after an import would read all that waits to be indexed.
CREATE INDEX part_search_by_words
    ON private.part_search USING gin (yacht_id, words)
    WITH (fastupdate = off);
COMMENT ON COLUMN private.part_search.words IS
    'All that is searched, as private.searchable takes it apart.';

CREATE OR REPLACE FUNCTION private.index_part_words()
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

COMMENT ON FUNCTION private.index_part_words() IS
    'Trigger: keeps private.part_search and private.part_words in step with pms_parts.';

-- private.parts_with_words: active parts by the words that they have, for private.find_parts.

CREATE FUNCTION private.parts_with_words(
    p_yacht_id uuid,
    p_query    tsquery,
    p_number   text DEFAULT NULL,
    p_barcode  text DEFAULT NULL
)
    RETURNS TABLE (
        rank        integer,
        part_number text,
        part_id     uuid
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
    -- What a query finds is not estimated well, and the index is never much dearer.
    SET enable_seqscan = off
AS $function$
BEGIN
    RETURN QUERY
    -- MATERIALIZED: the index on words first, then the parts. Behind the policy of pms_parts the index
    -- would be out of reach, because @@ is not leakproof.
    WITH found AS MATERIALIZED (
        SELECT
            CASE
                WHEN w.number = p_number OR w.barcode = p_barcode THEN 0
                WHEN starts_with(w.number, p_number) THEN 1
                ELSE 2
            END AS rank,
            w.part_id
        FROM private.part_search AS w
        WHERE w.yacht_id = p_yacht_id
          -- A number of nothing but signs has no word.
          AND (w.words @@ p_query OR w.number = p_number OR w.barcode = p_barcode)
    )
    SELECT f.rank, p.part_number, p.part_id
    FROM found AS f
    JOIN public.pms_parts AS p
      ON p.yacht_id = p_yacht_id
     AND p.part_id = f.part_id
    WHERE p.is_active;
END
$function$;

CREATE FUNCTION private.beginnings(p_words text[])
    RETURNS tsquery
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        -- As text a tsvector has its words quoted.
        SELECT coalesce(string_agg(array_to_tsvector(ARRAY[w.word])::text || ':*', ' & '), '')
        FROM unnest(p_words) AS w (word)
    )::tsquery;
END
$function$;

ALTER FUNCTION private.parts_with_words(uuid, tsquery, text, text) OWNER TO pms_rpc;
ALTER FUNCTION private.beginnings(text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.parts_with_words(uuid, tsquery, text, text) IS
    'Active parts whose words match. rank: 0 the very number or barcode (found in any case), 1 a number that begins so, 2 any other.';
COMMENT ON FUNCTION private.beginnings(text[]) IS
    'What matches parts of which words begin with each of p_words; without words it matches none.';
REVOKE ALL ON FUNCTION private.parts_with_words(uuid, tsquery, text, text)
    FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.beginnings(text[]) FROM PUBLIC, anon, authenticated, service_role;

-- private.parts_like_words: a page of the active parts with words like those of a query, for
-- private.find_parts.
--
-- First the words that are meant, which are few, then the parts that have them, from the likest words
-- down until the page is full. A part is as like as the least like of its words; likeness goes in
-- twentieths.

-- A role that is no superuser may set a parameter of pg_trgm only once the library is loaded.
DO $load$
BEGIN
    PERFORM extensions.show_limit();
END
$load$;

CREATE FUNCTION private.words_like(
    p_yacht_id uuid,
    p_word     text
)
    RETURNS TABLE (
        word  text,
        score integer
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
    -- Lets one wrong letter in a word of five pass ("recor" for "Racor"), and two that changed places
    -- ("fliter").
    SET pg_trgm.word_similarity_threshold = 0.28
AS $function$
BEGIN
    IF p_word ~ '[0-9]' THEN
        -- Numbers have many neighbours: of those only near ones.
        PERFORM set_config('pg_trgm.word_similarity_threshold', '0.6', true);
    END IF;

    RETURN QUERY
    SELECT l.word, greatest(1, trunc(l.likeness * 20)::integer) * 50000
    FROM (
        -- How much of the one word is in the other, and how alike they are as a whole.
        SELECT
            w.word,
            (extensions.word_similarity(p_word, w.word) + extensions.similarity(p_word, w.word)) / 2
                AS likeness
        FROM private.part_words AS w
        WHERE w.yacht_id = p_yacht_id
          AND w.word OPERATOR(extensions.%>) p_word
    ) AS l
    ORDER BY l.likeness DESC, l.word
    -- What is still less like is not what was meant.
    LIMIT 100;
END
$function$;

CREATE FUNCTION private.parts_like_words(
    p_yacht_id uuid,
    p_words    text[],
    p_limit    integer,
    p_after    text[] DEFAULT NULL
)
    RETURNS TABLE (
        score       integer,
        part_number text,
        part_id     uuid
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_places   integer[] := ARRAY[]::integer[];
    v_words    text[]    := ARRAY[]::text[];
    v_scores   integer[] := ARRAY[]::integer[];
    v_meant    record;
    v_score    integer;
    v_query    tsquery;
    -- Parts with words that begin so have been found before.
    v_likelier tsquery   := private.beginnings(p_words);
    v_found    integer   := 0;
    v_rows     integer;
BEGIN
    FOR v_place IN 1 .. cardinality(p_words) LOOP
        SELECT
            array_agg(v_place) AS places,
            array_agg(array_to_tsvector(ARRAY[l.word])::text) AS words,
            array_agg(l.score) AS scores
        INTO v_meant
        FROM private.words_like(p_yacht_id, p_words[v_place]) AS l;
        IF v_meant.places IS NULL THEN
            RETURN;
        END IF;
        v_places := v_places || v_meant.places;
        v_words := v_words || v_meant.words;
        v_scores := v_scores || v_meant.scores;
    END LOOP;

    FOR v_score IN
        SELECT DISTINCT s.score
        FROM unnest(v_scores) AS s (score)
        ORDER BY s.score DESC
    LOOP
        -- NULL as long as a word of the query has none that is so like.
        SELECT CASE
            WHEN count(*) = cardinality(p_words)
            THEN string_agg('(' || a.words || ')', ' & ')::tsquery
        END
        INTO v_query
        FROM (
            SELECT string_agg(m.word, ' | ') AS words
            FROM unnest(v_places, v_words, v_scores) AS m (place, word, score)
            WHERE m.score >= v_score
            GROUP BY m.place
        ) AS a;
        CONTINUE WHEN v_query IS NULL;

        IF p_after IS NULL OR v_score <= p_after[2]::integer THEN
            RETURN QUERY
            SELECT v_score, w.part_number, w.part_id
            FROM private.parts_with_words(p_yacht_id, v_query && !! v_likelier) AS w
            WHERE p_after IS NULL
               OR (-v_score, w.part_number, w.part_id)
                  > (-p_after[2]::integer, p_after[3], p_after[4]::uuid)
            ORDER BY w.part_number, w.part_id
            LIMIT p_limit - v_found;
            GET DIAGNOSTICS v_rows = ROW_COUNT;
            v_found := v_found + v_rows;
            EXIT WHEN v_found >= p_limit;
        END IF;
        v_likelier := v_likelier || v_query;
    END LOOP;
END
$function$;

ALTER FUNCTION private.words_like(uuid, text) OWNER TO pms_rpc;
ALTER FUNCTION private.parts_like_words(uuid, text[], integer, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.words_like(uuid, text) IS
    'Words of a yacht''s parts that a word may mean, at most 100; score: likeness, 50000 to 1000000.';
COMMENT ON FUNCTION private.parts_like_words(uuid, text[], integer, text[]) IS
    'A page of the active parts with words like each of p_words, likest first, without those of which words begin so; score: likeness, 50000 to 1000000. p_after: score, number and id, from the second on, of the row before.';
REVOKE ALL ON FUNCTION private.words_like(uuid, text) FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.parts_like_words(uuid, text[], integer, text[])
    FROM PUBLIC, anon, authenticated, service_role;

-- private.find_parts: active parts that a query may mean, a page of them, best first.
--
-- In steps, from the surest to the vaguest, each with ranks of its own, so that a page that is full
-- needs no further step.
--   0  the very number or barcode
--   1  numbers that begin so
--   2  each word of the query begins a word of the part
--   3  each is like one; score: how like the least like of them is, in twentieths
-- Parts of one rank and score come by number.

CREATE OR REPLACE FUNCTION private.find_parts(
    p_yacht_id uuid,
    p_query    text,
    p_limit    integer,
    p_after    text[] DEFAULT NULL
)
    RETURNS TABLE (
        rank        integer,
        score       integer,
        part_number text,
        part_id     uuid
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    ROWS 50
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_words text[]  := private.words_of(p_query);
    v_found integer := 0;
BEGIN
    IF p_after IS NULL OR p_after[1]::integer <= 2 THEN
        RETURN QUERY
        SELECT b.rank, 1000000, b.part_number, b.part_id
        FROM private.parts_with_words(
            p_yacht_id, private.beginnings(v_words), lower(btrim(p_query)), btrim(p_query)) AS b
        WHERE p_after IS NULL
           OR (b.rank, b.part_number, b.part_id)
              > (p_after[1]::integer, p_after[3], p_after[4]::uuid)
        ORDER BY b.rank, b.part_number, b.part_id
        LIMIT p_limit;
        GET DIAGNOSTICS v_found = ROW_COUNT;
    END IF;
    IF v_found < p_limit THEN
        RETURN QUERY
        SELECT 3, l.score, l.part_number, l.part_id
        FROM private.parts_like_words(
            p_yacht_id, v_words, p_limit - v_found,
            CASE WHEN p_after[1]::integer > 2 THEN p_after END) AS l;
    END IF;
END
$function$;

COMMENT ON FUNCTION private.find_parts(uuid, text, integer, text[]) IS
    'A page of the active parts that a query means: rank 0 the very number or barcode, 1 a number that begins so, 2 words that begin so, 3 likeness; score: likeness of the words, 50000 to 1000000. p_after: rank, score, number and id of the row before.';

COMMIT;
