-- Revert part_lens_tenant:search_in_steps from pg

BEGIN;

DROP FUNCTION private.find_parts(uuid, text, integer, text[]);
DROP FUNCTION private.parts_like_words(uuid, text[], numeric, numeric);
DROP FUNCTION private.parts_with_words(uuid, text, text, text[]);
DROP FUNCTION private.beginnings(text[]);

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

CREATE OR REPLACE FUNCTION private.find_parts(
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

-- search_parts: find parts.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht.

CREATE OR REPLACE FUNCTION public.search_parts(
    p_yacht_id uuid,
    p_query    text    DEFAULT NULL,
    p_after    text    DEFAULT NULL,
    p_limit    integer DEFAULT 50
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call     private.rpc_call;
    v_position text[];
BEGIN
    v_position := private.decode_cursor(
        p_after, '^[0-2]$', '^[0-9]{1,7}$', '', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
    v_call := private.open_call(
        'search_parts', p_yacht_id,
        jsonb_build_object(
            'p_query', p_query, 'p_limit', p_limit),
        p_wrong => CASE
            WHEN p_after IS NOT NULL AND v_position IS NULL
            THEN '{"argument": "p_after", "reason": "is not a cursor of this list"}'::jsonb
            WHEN p_limit IS NULL
            THEN '{"argument": "p_limit", "reason": "is null"}'
            WHEN length(btrim(p_query)) NOT BETWEEN 1 AND 200
            THEN '{"argument": "p_query", "reason": "does not have 1 to 200 characters"}'
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;


    RETURN (
        SELECT coalesce(jsonb_agg(
            jsonb_build_object(
                'part_id', f.part_id, 'part_number', f.part_number, 'name', f.name,
                'manufacturer', f.manufacturer, 'category', f.category, 'unit', f.unit,
                'barcode', f.barcode, 'min_level', f.min_level, 'is_critical', f.is_critical,
                'on_hand', private.part_on_hand(p_yacht_id, f.part_id),
                'cursor', private.encode_cursor(
                    f.rank::text, f.score::text, f.part_number, f.part_id::text))
            ORDER BY f.rank, f.score DESC, f.part_number, f.part_id), '[]')
        FROM (
            SELECT
                s.rank, s.score, s.part_id, s.part_number, s.name, s.manufacturer, s.category,
                s.unit, s.barcode, s.min_level, s.is_critical
            FROM private.find_parts(p_yacht_id, p_query) AS s
            WHERE v_position IS NULL
               OR (s.rank, -s.score, s.part_number, s.part_id)
                  > (v_position[1]::integer, -v_position[2]::integer, v_position[3],
                     v_position[4]::uuid)
            ORDER BY s.rank, s.score DESC, s.part_number, s.part_id
            LIMIT p_limit
        ) AS f
    );
END
$function$;

ALTER FUNCTION public.search_parts(uuid, text, text, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.search_parts(
    uuid, text, text, integer) IS
    'Finds active parts by number, barcode, name, maker, category and description, typos tolerated: an exact number or barcode first, then numbers that begin so, then by likeness. p_after: cursor of the last row of the page before; p_limit: rows, 1 to 500.';
REVOKE ALL ON FUNCTION public.search_parts(
    uuid, text, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.search_parts(uuid, text, text, integer) TO authenticated;

COMMIT;
