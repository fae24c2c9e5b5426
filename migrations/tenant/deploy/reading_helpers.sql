-- Deploy part_lens_tenant:reading_helpers to pg
-- requires: part_search
-- requires: stock_views
-- requires: location_helpers

BEGIN;

-- private.part_details: a part as view_part_details shows it.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.part_details(
    p_yacht_id uuid,
    p_part_id  uuid
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'part_id', p.part_id,
            'part_number', p.part_number,
            'name', p.name,
            'description', p.description,
            'manufacturer', p.manufacturer,
            'category', p.category,
            'unit', p.unit,
            'barcode', p.barcode,
            'min_level', p.min_level,
            'max_level', p.max_level,
            'is_critical', p.is_critical,
            'is_active', p.is_active,
            'primary_location_id', p.primary_location_id,
            'updated_at', p.updated_at,
            'on_hand', coalesce(s.on_hand, 0),
            'is_low', p.is_active AND coalesce(s.on_hand, 0) < p.min_level,
            'stocks', coalesce(s.stocks, '[]'))
        FROM public.pms_parts AS p
        CROSS JOIN LATERAL (
            SELECT
                sum(coalesce(t.on_hand_after, 0)) AS on_hand,
                jsonb_agg(
                    jsonb_build_object(
                        'stock_id', s.stock_id,
                        'location_id', s.location_id,
                        'location', private.location_path(s.yacht_id, s.location_id),
                        'is_primary', s.location_id IS NOT DISTINCT FROM p.primary_location_id,
                        'on_hand', coalesce(t.on_hand_after, 0),
                        'seq', coalesce(t.seq, 0))
                    ORDER BY s.stock_id) AS stocks
            FROM public.pms_inventory_stock AS s
            LEFT JOIN LATERAL (
                SELECT t.on_hand_after, t.seq
                FROM public.pms_inventory_transactions AS t
                WHERE t.yacht_id = s.yacht_id
                  AND t.stock_id = s.stock_id
                ORDER BY t.seq DESC
                LIMIT 1
            ) AS t ON true
            WHERE s.yacht_id = p.yacht_id
              AND s.part_id = p.part_id
        ) AS s
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id
    );
END
$function$;

ALTER FUNCTION private.part_details(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.part_details(uuid, uuid) IS 'A part with its stocks; NULL when there is none.';
REVOKE ALL ON FUNCTION private.part_details(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

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

-- private.reorder_quantity: how much to order of a part that is low.

CREATE FUNCTION private.reorder_quantity(
    p_min_level integer,
    p_max_level integer,
    p_on_hand   bigint,
    p_on_order  bigint
)
    RETURNS bigint
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT greatest(coalesce(p_max_level, 2 * p_min_level) - p_on_hand - p_on_order, 0)
$function$;

ALTER FUNCTION private.reorder_quantity(integer, integer, bigint, bigint) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.reorder_quantity(integer, integer, bigint, bigint) IS
    'Units to order: up to max_level, or twice min_level, less what is on hand and on order; at least 0.';
REVOKE ALL ON FUNCTION private.reorder_quantity(integer, integer, bigint, bigint)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.parts_below_minimum: active parts of which less is on hand than min_level. All stocks of the
-- yacht once, and the newest movement of each by index.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.parts_below_minimum(p_yacht_id uuid)
    RETURNS TABLE (
        part_id     uuid,
        part_number text,
        name        text,
        unit        text,
        is_critical boolean,
        on_hand     bigint,
        min_level   integer,
        max_level   integer
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT
        p.part_id, p.part_number, p.name, p.unit, p.is_critical,
        coalesce(s.on_hand, 0), p.min_level, p.max_level
    FROM public.pms_parts AS p
    LEFT JOIN (
        SELECT v.part_id, sum(v.newest_on_hand_after) AS on_hand
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
        GROUP BY v.part_id
    ) AS s ON s.part_id = p.part_id
    WHERE p.yacht_id = p_yacht_id
      AND p.is_active
      AND p.min_level > 0
      AND coalesce(s.on_hand, 0) < p.min_level;
END
$function$;

ALTER FUNCTION private.parts_below_minimum(uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.parts_below_minimum(uuid) IS
    'Active parts with less on hand than min_level; never one with min_level 0.';
REVOKE ALL ON FUNCTION private.parts_below_minimum(uuid)
    FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
