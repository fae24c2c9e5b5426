-- Revert part_lens_tenant:search_by_words from pg

BEGIN;

DROP FUNCTION private.parts_like_words(uuid, text[], integer, text[]);
DROP FUNCTION private.words_like(uuid, text);
DROP FUNCTION private.parts_with_words(uuid, tsquery, text, text);
DROP FUNCTION private.beginnings(text[]);

DROP INDEX private.part_search_by_words;
-- The words no longer tell in which order they stood: they are taken from the parts again.
ALTER TABLE private.part_search
    ALTER COLUMN words TYPE text USING '';
UPDATE private.part_search AS w
SET words = lower(concat_ws(
    ' ', p.part_number, p.barcode, p.name, p.manufacturer, p.category, p.description))
FROM public.pms_parts AS p
WHERE p.yacht_id = w.yacht_id
  AND p.part_id = w.part_id;
CREATE INDEX part_search_by_words
    ON private.part_search USING gin (yacht_id, words extensions.gin_trgm_ops);
COMMENT ON COLUMN private.part_search.words IS 'All that is searched, in lower case.';

CREATE OR REPLACE FUNCTION private.index_part_words()
    RETURNS trigger
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO private.part_search AS w (yacht_id, part_id, number, barcode, words)
    VALUES (NEW.yacht_id, NEW.part_id, lower(NEW.part_number), NEW.barcode, lower(concat_ws(
        ' ', NEW.part_number, NEW.barcode, NEW.name, NEW.manufacturer, NEW.category,
        NEW.description)))
    ON CONFLICT (yacht_id, part_id) DO UPDATE
    SET number = excluded.number,
        barcode = excluded.barcode,
        words = excluded.words;
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION private.index_part_words() IS 'Trigger: keeps private.part_search in step with pms_parts.';

DROP TABLE private.part_words;
DROP FUNCTION private.searchable(text);
DROP FUNCTION private.words_of(text, boolean);

-- private.parts_with_words, private.parts_like_words: active parts by their words, for
-- private.find_parts. The longest word, which comes first, goes through the trigram index.

-- A role that is no superuser may set a parameter of pg_trgm only once the library is loaded.
DO $load$
BEGIN
    PERFORM extensions.show_limit();
END
$load$;

CREATE FUNCTION private.parts_with_words(
    p_yacht_id uuid,
    p_number   text,
    p_barcode  text,
    p_words    text[]
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
    -- What a pattern finds is not estimated well, and the index is never much dearer.
    SET enable_seqscan = off
AS $function$
DECLARE
    v_patterns text[] := private.beginnings(p_words);
BEGIN
    RETURN QUERY
    -- MATERIALIZED: the index on words first, then the parts. Behind the policy of pms_parts the index
    -- would be out of reach, because LIKE is not leakproof.
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
          AND w.words LIKE '%' || regexp_replace(p_words[1], '([\\%_])', '\\\1', 'g') || '%'
          AND w.words ~ ALL (v_patterns)
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
    RETURNS text[]
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN ARRAY(
        SELECT CASE WHEN w.word ~ '^\w' THEN '\m' ELSE '' END
               || regexp_replace(w.word, '([^[:alnum:]])', '\\\1', 'g')
        FROM unnest(p_words) WITH ORDINALITY AS w (word, place)
        ORDER BY w.place
    );
END
$function$;

CREATE FUNCTION private.parts_like_words(
    p_yacht_id uuid,
    p_words    text[],
    p_from     numeric,
    p_below    numeric
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
    SET pg_trgm.word_similarity_threshold = 0.28
AS $function$
DECLARE
    v_patterns text[] := private.beginnings(p_words);
BEGIN
    -- Numbers have many neighbours: of those only near ones.
    PERFORM set_config(
        'pg_trgm.word_similarity_threshold',
        CASE WHEN p_words[1] ~ '[0-9]' THEN greatest(p_from, 0.6) ELSE p_from END::text, true);

    RETURN QUERY
    -- MATERIALIZED: the index on words first, then the parts.
    WITH found AS MATERIALIZED (
        SELECT w.part_id, l.likeness
        FROM private.part_search AS w
        CROSS JOIN LATERAL (
            SELECT min(o.likeness) AS least, avg(o.likeness) AS likeness
            FROM (
                -- OFFSET: computed once.
                SELECT extensions.word_similarity(x, w.words) AS likeness
                FROM unnest(p_words) AS x
                OFFSET 0
            ) AS o
        ) AS l
        WHERE w.yacht_id = p_yacht_id
          AND w.words OPERATOR(extensions.%>) p_words[1]
          AND NOT w.words ~ ALL (v_patterns)
          AND l.least >= p_from
          AND l.least < p_below
    )
    SELECT round(f.likeness * 1000000)::integer, p.part_number, p.part_id
    FROM found AS f
    JOIN public.pms_parts AS p
      ON p.yacht_id = p_yacht_id
     AND p.part_id = f.part_id
    WHERE p.is_active;
END
$function$;

ALTER FUNCTION private.parts_with_words(uuid, text, text, text[]) OWNER TO pms_rpc;
ALTER FUNCTION private.beginnings(text[]) OWNER TO pms_rpc;
ALTER FUNCTION private.parts_like_words(uuid, text[], numeric, numeric) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.parts_with_words(uuid, text, text, text[]) IS
    'Active parts of which words begin with each of p_words. rank: 0 the very number or barcode, 1 a number that begins so, 2 any other.';
COMMENT ON FUNCTION private.beginnings(text[]) IS 'Each word as a pattern that finds words that begin with it.';
COMMENT ON FUNCTION private.parts_like_words(uuid, text[], numeric, numeric) IS
    'Active parts with words like each of p_words, the least like from p_from to under p_below, without those of private.parts_with_words; score: likeness, 0 to 1000000.';
REVOKE ALL ON FUNCTION private.parts_with_words(uuid, text, text, text[])
    FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.beginnings(text[]) FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.parts_like_words(uuid, text[], numeric, numeric)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.find_parts: active parts that a query may mean, a page of them, best first.
--
-- In steps, from the surest to the vaguest, each with ranks of its own, so that a page that is full
-- needs no further step: to compare words by their trigrams costs 10 µs a part, and a word that every
-- part has would be compared with all of them.
--   0  the very number or barcode
--   1  numbers that begin so
--   2  each word of the query begins a word of the part
--   3  each is much like one
--   4  each is somewhat like one: 0.28 lets one wrong letter in a word of five pass ("recor" for
--      "Racor"), and two that changed places ("fliter")

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
    v_query text    := lower(btrim(p_query));
    v_words text[]  := ARRAY(
        SELECT w
        FROM regexp_split_to_table(v_query, '\s+') AS w
        GROUP BY w
        ORDER BY length(w) DESC, w
    );
    v_found integer := 0;
    v_rows  integer;
BEGIN
    FOR v_step IN greatest(2, p_after[1]::integer) .. 4 LOOP
        IF v_step = 2 THEN
            RETURN QUERY
            SELECT b.rank, 1000000, b.part_number, b.part_id
            FROM private.parts_with_words(p_yacht_id, v_query, btrim(p_query), v_words) AS b
            WHERE p_after IS NULL
               OR (b.rank, b.part_number, b.part_id)
                  > (p_after[1]::integer, p_after[3], p_after[4]::uuid)
            ORDER BY b.rank, b.part_number, b.part_id
            LIMIT p_limit;
        ELSE
            RETURN QUERY
            SELECT v_step, l.score, l.part_number, l.part_id
            FROM private.parts_like_words(
                p_yacht_id, v_words,
                CASE v_step WHEN 3 THEN 0.5 ELSE 0.28 END,
                CASE v_step WHEN 3 THEN 1.1 ELSE 0.5 END) AS l
            WHERE p_after IS NULL
               OR p_after[1]::integer < v_step
               OR (-l.score, l.part_number, l.part_id)
                  > (-p_after[2]::integer, p_after[3], p_after[4]::uuid)
            ORDER BY l.score DESC, l.part_number, l.part_id
            LIMIT p_limit - v_found;
        END IF;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_found := v_found + v_rows;
        EXIT WHEN v_found >= p_limit;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION private.find_parts(uuid, text, integer, text[]) IS
    'A page of the active parts that a query means: rank 0 the very number or barcode, 1 a number that begins so, 2 words that begin so, 3 and 4 likeness; score: likeness of the words, 0 to 1000000. p_after: rank, score, number and id of the row before.';

COMMIT;
