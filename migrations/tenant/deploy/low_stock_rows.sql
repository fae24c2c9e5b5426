-- Deploy part_lens_tenant:low_stock_rows to pg
-- requires: low_stock_in_order

BEGIN;

-- low_stock_parts: see what is below its minimum.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht; 404 feature_disabled.
--
-- The parts come in the order of the list, which is kept by their place: a sort by number compares by
-- the rules of a language.

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
        WITH low AS MATERIALIZED (
            SELECT
                b.place, b.part_id, b.part_number, b.name, b.unit, b.is_critical, b.on_hand,
                b.min_level, b.max_level
            FROM private.parts_below_minimum(p_yacht_id, p_limit, v_position)
                WITH ORDINALITY AS b (
                    part_id, part_number, name, unit, is_critical, on_hand, min_level, max_level,
                    place)
        )
        SELECT coalesce(jsonb_agg(r ORDER BY f.place), '[]')
        FROM low AS f
        LEFT JOIN private.shopping_by_part(
            p_yacht_id, ARRAY(SELECT w.part_id FROM low AS w)) AS i ON i.part_id = f.part_id
        CROSS JOIN LATERAL (
            SELECT
                f.part_id, f.part_number, f.name, f.unit, f.is_critical, f.on_hand, f.min_level,
                f.max_level,
                coalesce(i.on_order, 0) AS on_order,
                private.reorder_quantity(
                    f.min_level, f.max_level, f.on_hand, coalesce(i.on_order, 0))
                    AS suggested_quantity,
                private.encode_cursor(
                    (NOT f.is_critical)::integer::text, f.part_number, f.part_id::text) AS cursor
        ) AS r
    );
END
$function$;

COMMIT;
