-- private.resolve_stock: which stock of a part is meant: the named one, else the one at the primary
-- location, else the only one. A stock knows whether its part is active, so that the part itself is read
-- only where it must say more.

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
    v_stocks    uuid[];
    v_is_active boolean;
BEGIN
    SELECT array_agg(s.stock_id), bool_and(s.part_is_active)
    INTO v_stocks, v_is_active
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id
      AND s.part_id = p_part_id;

    has_other_stocks := coalesce(cardinality(v_stocks) > 1, false);
    IF p_stock_id = ANY (v_stocks) THEN
        stock_id := p_stock_id;
    ELSIF p_stock_id IS NULL AND cardinality(v_stocks) = 1 THEN
        stock_id := v_stocks[1];
    ELSE
        SELECT p.is_active, s.stock_id
        INTO v_is_active, stock_id
        FROM public.pms_parts AS p
        LEFT JOIN public.pms_inventory_stock AS s
            ON s.yacht_id = p.yacht_id
           AND s.part_id = p.part_id
           AND s.location_id = p.primary_location_id
           AND p_stock_id IS NULL
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id;
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
