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
