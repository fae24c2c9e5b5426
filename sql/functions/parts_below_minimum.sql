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
