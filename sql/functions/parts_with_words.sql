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
