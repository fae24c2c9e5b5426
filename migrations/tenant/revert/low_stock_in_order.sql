-- Revert part_lens_tenant:low_stock_in_order from pg

BEGIN;

DROP INDEX public.pms_parts_as_low_stock_lists_them;

-- private.parts_below_minimum: a page of the active parts of which less is on hand than min_level, critical
-- ones first.
--
-- The parts are sorted first and looked at one by one until the page is full: the inner ORDER BY is
-- the outer one, which therefore sorts no more. PL/pgSQL because its plan is kept; a function in SQL is
-- planned at each call.

CREATE OR REPLACE FUNCTION private.parts_below_minimum(
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
    FROM (
        SELECT
            p.part_id, p.part_number, p.name, p.unit, p.is_critical, p.min_level, p.max_level,
            (NOT p.is_critical)::integer AS place
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_yacht_id
          AND p.is_active
          AND p.min_level > 0
          AND (p_after IS NULL
               OR ((NOT p.is_critical)::integer, p.part_number, p.part_id)
                  > (p_after[1]::integer, p_after[2], p_after[3]::uuid))
        ORDER BY (NOT p.is_critical)::integer, p.part_number, p.part_id
        OFFSET 0
    ) AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(v.newest_on_hand_after), 0) AS on_hand
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
          AND v.part_id = p.part_id
    ) AS s
    WHERE s.on_hand < p.min_level
    ORDER BY p.place, p.part_number, p.part_id
    LIMIT p_limit;
END
$function$;

-- low_stock_parts: see what is below its minimum.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht; 404 feature_disabled.

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
        FROM private.parts_below_minimum(p_yacht_id, p_limit, v_position) AS f
        LEFT JOIN LATERAL private.shopping_by_part(p_yacht_id, ARRAY[f.part_id]) AS i ON true
    );
END
$function$;

COMMIT;
