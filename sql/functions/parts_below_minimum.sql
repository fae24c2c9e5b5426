-- private.parts_below_minimum: a page of the active parts of which less is on hand than min_level, critical
-- ones first.
--
-- An index has the parts in this order; they are looked at one by one until the page is full. PL/pgSQL
-- because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.parts_below_minimum(
    p_yacht_id uuid,
    p_limit    integer,
    p_after    text[] DEFAULT NULL
)
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
    ROWS 50
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT
        p.part_id, p.part_number, p.name, p.unit, p.is_critical, s.on_hand, p.min_level, p.max_level
    FROM public.pms_parts AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(v.newest_on_hand_after), 0) AS on_hand
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
          AND v.part_id = p.part_id
    ) AS s
    WHERE p.yacht_id = p_yacht_id
      AND p.is_active
      AND p.min_level > 0
      AND (p_after IS NULL
           OR ((NOT p.is_critical)::integer, p.part_number, p.part_id)
              > (p_after[1]::integer, p_after[2], p_after[3]::uuid))
      AND s.on_hand < p.min_level
    ORDER BY (NOT p.is_critical)::integer, p.part_number, p.part_id
    LIMIT p_limit;
END
$function$;

ALTER FUNCTION private.parts_below_minimum(uuid, integer, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.parts_below_minimum(uuid, integer, text[]) IS
    'A page of the active parts with less on hand than min_level, never one with min_level 0. p_after: 0 if critical else 1, number and id of the row before.';
REVOKE ALL ON FUNCTION private.parts_below_minimum(uuid, integer, text[])
    FROM PUBLIC, anon, authenticated, service_role;
