-- private.find_parts: active parts that a query may mean, a page of them, best first.
--
-- In steps, from the surest to the vaguest, each with ranks of its own, so that a page that is full
-- needs no further step.
--   0  the very number or barcode
--   1  numbers that begin so
--   2  each word of the query begins a word of the part
--   3  each is like one; score: how like the least like of them is, in twentieths
-- Parts of one rank and score come by number.

CREATE FUNCTION private.find_parts(
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

ALTER FUNCTION private.find_parts(uuid, text, integer, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.find_parts(uuid, text, integer, text[]) IS
    'A page of the active parts that a query means: rank 0 the very number or barcode, 1 a number that begins so, 2 words that begin so, 3 likeness; score: likeness of the words, 50000 to 1000000. p_after: rank, score, number and id of the row before.';
REVOKE ALL ON FUNCTION private.find_parts(uuid, text, integer, text[])
    FROM PUBLIC, anon, authenticated, service_role;
