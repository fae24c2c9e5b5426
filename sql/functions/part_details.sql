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
