-- Revert part_lens_tenant:low_stock_by_page from pg

BEGIN;

DROP FUNCTION private.parts_below_minimum(uuid, integer, text[]);

-- private.parts_below_minimum: active parts of which less is on hand than min_level. All stocks of the
-- yacht once, and the newest movement of each by index.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE OR REPLACE FUNCTION private.parts_below_minimum(p_yacht_id uuid)
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

-- low_stock_parts: see what is below its minimum.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht.

CREATE OR REPLACE FUNCTION public.low_stock_parts(
    p_yacht_id uuid,
    p_after    text    DEFAULT NULL,
    p_limit    integer DEFAULT 50
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call     private.rpc_call;
    v_position text[];
BEGIN
    v_position := private.decode_cursor(p_after, '^[01]$', '', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
    v_call := private.open_call(
        'low_stock_parts', p_yacht_id,
        jsonb_build_object(
            'p_limit', p_limit),
        p_wrong => CASE
            WHEN p_after IS NOT NULL AND v_position IS NULL
            THEN '{"argument": "p_after", "reason": "is not a cursor of this list"}'::jsonb
            WHEN p_limit IS NULL
            THEN '{"argument": "p_limit", "reason": "is null"}'
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;


    RETURN (
        SELECT coalesce(jsonb_agg(
            jsonb_build_object(
                'part_id', f.part_id, 'part_number', f.part_number, 'name', f.name, 'unit', f.unit,
                'is_critical', f.is_critical, 'on_hand', f.on_hand, 'min_level', f.min_level,
                'max_level', f.max_level, 'on_order', coalesce(i.on_order, 0),
                'suggested_quantity',
                private.reorder_quantity(
                    f.min_level, f.max_level, f.on_hand, coalesce(i.on_order, 0)),
                'cursor', private.encode_cursor(
                    (NOT f.is_critical)::integer::text, f.part_number, f.part_id::text))
            ORDER BY f.is_critical DESC, f.part_number, f.part_id), '[]')
        FROM (
            SELECT
                s.part_id, s.part_number, s.name, s.unit, s.is_critical, s.on_hand, s.min_level,
                s.max_level
            FROM private.parts_below_minimum(p_yacht_id) AS s
            WHERE v_position IS NULL
               OR ((NOT s.is_critical)::integer, s.part_number, s.part_id)
                  > (v_position[1]::integer, v_position[2], v_position[3]::uuid)
            ORDER BY s.is_critical DESC, s.part_number, s.part_id
            LIMIT p_limit
        ) AS f
        LEFT JOIN LATERAL private.shopping_by_part(p_yacht_id, ARRAY[f.part_id]) AS i ON true
    );
END
$function$;

ALTER FUNCTION public.low_stock_parts(uuid, text, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.low_stock_parts(
    uuid, text, integer) IS
    'Lists active parts of which less is on hand than their minimum, critical ones first, with what is on order and a quantity to order. A part with min_level 0 is never listed. p_after: cursor of the last row of the page before; p_limit: rows, 1 to 500.';
REVOKE ALL ON FUNCTION public.low_stock_parts(
    uuid, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.low_stock_parts(uuid, text, integer) TO authenticated;

COMMIT;
