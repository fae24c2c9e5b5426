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
