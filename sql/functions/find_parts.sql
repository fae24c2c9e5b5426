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

ALTER FUNCTION private.find_parts(uuid, text, integer, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.find_parts(uuid, text, integer, text[]) IS
    'A page of the active parts that a query means: rank 0 the very number or barcode, 1 a number that begins so, 2 words that begin so, 3 and 4 likeness; score: likeness of the words, 0 to 1000000. p_after: rank, score, number and id of the row before.';
REVOKE ALL ON FUNCTION private.find_parts(uuid, text, integer, text[])
    FROM PUBLIC, anon, authenticated, service_role;
