-- private.find_parts: active parts that a query may mean. Each word of the query must be like some word
-- of the part; the longest one goes through the trigram index.
--
-- word_similarity 0.28 lets one wrong letter in a word of five pass ("recor" for "Racor"), and two
-- that changed places ("fliter").

-- A role that is no superuser may set a parameter of pg_trgm only once the library is loaded.
DO $load$
BEGIN
    PERFORM extensions.show_limit();
END
$load$;

CREATE FUNCTION private.find_parts(
    p_yacht_id uuid,
    p_query    text
)
    RETURNS TABLE (
        rank         integer,
        score        integer,
        part_id      uuid,
        part_number  text,
        name         text,
        manufacturer text,
        category     text,
        unit         text,
        barcode      text,
        min_level    integer,
        is_critical  boolean
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
    SET pg_trgm.word_similarity_threshold = 0.28
AS $function$
DECLARE
    v_query text   := lower(btrim(p_query));
    v_words text[] := (
        SELECT array_agg(w ORDER BY length(w) DESC)
        FROM (
            SELECT DISTINCT w
            FROM regexp_split_to_table(v_query, '\s+') AS w
        ) AS distinct_words
    );
BEGIN
    -- Numbers have many neighbours: of those only near ones.
    IF v_words[1] ~ '[0-9]' THEN
        PERFORM set_config('pg_trgm.word_similarity_threshold', '0.6', true);
    END IF;

    RETURN QUERY
    WITH found (part_id, likeness) AS (
        SELECT w.part_id, l.likeness
        FROM private.part_search AS w
        CROSS JOIN LATERAL (
            SELECT min(o.likeness) AS least, avg(o.likeness) AS likeness
            FROM (
                -- A word that stands there is as like as can be; OFFSET: computed once.
                SELECT CASE
                    WHEN strpos(' ' || w.words || ' ', ' ' || x || ' ') > 0 THEN 1
                    ELSE extensions.word_similarity(x, w.words)
                END AS likeness
                FROM unnest(v_words) AS x
                OFFSET 0
            ) AS o
        ) AS l
        WHERE w.yacht_id = p_yacht_id
          AND w.words OPERATOR(extensions.%>) v_words[1]
          AND l.least > 0.28
        UNION ALL
        -- Too short or too odd for trigrams, but the very number.
        SELECT w.part_id, 1
        FROM private.part_search AS w
        WHERE w.yacht_id = p_yacht_id
          AND w.number = v_query
        UNION ALL
        SELECT w.part_id, 1
        FROM private.part_search AS w
        WHERE w.yacht_id = p_yacht_id
          AND w.barcode = btrim(p_query)
    )
    SELECT
        CASE
            WHEN lower(p.part_number) = v_query OR p.barcode = btrim(p_query) THEN 0
            WHEN starts_with(lower(p.part_number), v_query) THEN 1
            ELSE 2
        END,
        round(max(f.likeness) * 1000000)::integer,
        p.part_id, p.part_number, p.name, p.manufacturer, p.category, p.unit, p.barcode,
        p.min_level, p.is_critical
    FROM found AS f
    JOIN public.pms_parts AS p
      ON p.yacht_id = p_yacht_id
     AND p.part_id = f.part_id
    WHERE p.is_active
    GROUP BY p.yacht_id, p.part_id;
END
$function$;

ALTER FUNCTION private.find_parts(uuid, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.find_parts(uuid, text) IS
    'Active parts like a query. rank: 0 the very number or barcode, 1 a number that begins so, 2 likeness; score: likeness of the words, 0 to 1000000.';
REVOKE ALL ON FUNCTION private.find_parts(uuid, text)
    FROM PUBLIC, anon, authenticated, service_role;
