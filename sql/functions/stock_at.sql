-- private.stock_at: the stock of a part at a location, as a movement meets it.

CREATE FUNCTION private.stock_at(
    p_yacht_id    uuid,
    p_part_id     uuid,
    p_location_id uuid,
    OUT stock_id   uuid,
    OUT error_code text
)
    RETURNS record
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    SELECT
        s.stock_id,
        CASE
            WHEN p.part_id IS NULL THEN 'part_not_found'
            WHEN l.location_id IS NULL THEN 'location_not_found'
            WHEN NOT p.is_active THEN 'part_deactivated'
            WHEN NOT l.is_active THEN 'location_deactivated'
            WHEN s.stock_id IS NULL THEN 'stock_not_found'
        END
    INTO stock_id, error_code
    FROM (SELECT) AS always_one_row
    LEFT JOIN public.pms_parts AS p
        ON p.yacht_id = p_yacht_id
       AND p.part_id = p_part_id
    LEFT JOIN public.pms_part_locations AS l
        ON l.yacht_id = p_yacht_id
       AND l.location_id = p_location_id
    LEFT JOIN public.pms_inventory_stock AS s
        ON s.yacht_id = p_yacht_id
       AND s.part_id = p_part_id
       AND s.location_id = p_location_id;
END
$function$;

ALTER FUNCTION private.stock_at(uuid, uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.stock_at(uuid, uuid, uuid) IS
    'The stock of a part at a location, or part_not_found, location_not_found, part_deactivated, location_deactivated, stock_not_found.';
REVOKE ALL ON FUNCTION private.stock_at(uuid, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
