-- private.resolve_stock: which stock of a part is meant: the named one, else the one at the primary
-- location, else the only one.

CREATE FUNCTION private.resolve_stock(
    p_yacht_id uuid,
    p_part_id  uuid,
    p_stock_id uuid,
    OUT stock_id         uuid,
    OUT has_other_stocks boolean,
    OUT error_code       text
)
    RETURNS record
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_active boolean;
    v_meant     boolean;
BEGIN
    -- The best match first; the window counts all stocks of the part.
    SELECT
        p.is_active,
        s.stock_id,
        CASE WHEN p_stock_id IS NULL THEN s.location_id = p.primary_location_id
             ELSE s.stock_id = p_stock_id END,
        count(*) OVER () > 1
    INTO v_is_active, stock_id, v_meant, has_other_stocks
    FROM public.pms_parts AS p
    LEFT JOIN public.pms_inventory_stock AS s
        ON s.yacht_id = p_yacht_id
       AND s.part_id = p_part_id
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    ORDER BY 3 DESC NULLS LAST
    LIMIT 1;

    IF v_meant IS NOT TRUE AND (p_stock_id IS NOT NULL OR has_other_stocks) THEN
        stock_id := NULL;
    END IF;
    error_code := CASE
        WHEN v_is_active IS NULL THEN 'part_not_found'
        WHEN NOT v_is_active THEN 'part_deactivated'
        WHEN stock_id IS NULL THEN 'stock_not_found'
    END;
END
$function$;

ALTER FUNCTION private.resolve_stock(uuid, uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.resolve_stock(uuid, uuid, uuid) IS
    'The stock of a part that a call means, whether the part has others, or part_not_found, part_deactivated, stock_not_found.';
REVOKE ALL ON FUNCTION private.resolve_stock(uuid, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
