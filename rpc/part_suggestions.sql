-- part_suggestions: see whether a part should be ordered, how much of it, or why not.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found.
--            suppressed_by names the first that holds: deactivated, no_minimum (min_level is 0),
--            enough_on_hand (at or above min_level), enough_on_order (the formula gives 0).

CREATE OR REPLACE FUNCTION public.part_suggestions(
    p_yacht_id uuid,
    p_part_id  uuid DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call       private.rpc_call;
    v_part       record;
    v_quantity   bigint;
    v_suppressed text;
BEGIN
    v_call := private.open_call(
        'part_suggestions', p_yacht_id,
        jsonb_build_object('p_part_id', p_part_id));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    SELECT
        p.part_number, p.name, p.unit, p.is_critical, p.is_active, p.min_level, p.max_level,
        private.part_on_hand(p.yacht_id, p.part_id) AS on_hand,
        coalesce(s.on_order, 0) AS on_order,
        coalesce(s.requested, 0) AS requested
    INTO v_part
    FROM public.pms_parts AS p
    LEFT JOIN private.shopping_by_part(p_yacht_id, ARRAY[p_part_id]) AS s
        ON s.part_id = p.part_id
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id;
    IF NOT FOUND THEN
        RETURN private.refuse(v_call, 'part_not_found', jsonb_build_object(
            'part_id', p_part_id));
    END IF;

    v_quantity := private.reorder_quantity(
        v_part.min_level, v_part.max_level, v_part.on_hand, v_part.on_order);
    v_suppressed := CASE
        WHEN NOT v_part.is_active THEN 'deactivated'
        WHEN v_part.min_level = 0 THEN 'no_minimum'
        WHEN v_part.on_hand >= v_part.min_level THEN 'enough_on_hand'
        WHEN v_quantity = 0 THEN 'enough_on_order'
    END;
    RETURN jsonb_build_object(
        'part_id', p_part_id,
        'part_number', v_part.part_number,
        'name', v_part.name,
        'unit', v_part.unit,
        'is_critical', v_part.is_critical,
        'on_hand', v_part.on_hand,
        'min_level', v_part.min_level,
        'max_level', v_part.max_level,
        'on_order', v_part.on_order,
        'requested', v_part.requested,
        'suggested_quantity', CASE WHEN v_suppressed IS NULL THEN v_quantity ELSE 0 END,
        'suppressed_by', v_suppressed,
        'warnings', CASE
            WHEN v_part.requested > 0 THEN '["already_requested"]'::jsonb
            ELSE '[]'
        END);
END
$function$;

ALTER FUNCTION public.part_suggestions(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.part_suggestions(uuid, uuid) IS
'Says how much of a part to order: up to max_level, or twice min_level, less what is on hand and on order.
suppressed_by says why nothing (deactivated, no_minimum, enough_on_hand, enough_on_order), or is null. on_order is what was approved or ordered and not received; requested is not approved yet and only warns (already_requested).

p_yacht_id: the yacht.
p_part_id: the part.

Requires p_part_id
Answers 200 {"part_id": "uuid", "part_number": "text", "name": "text", "unit": "text", "is_critical": "boolean", "min_level": "integer", "max_level": "integer?", "on_hand": "bigint", "on_order": "bigint", "requested": "bigint", "suggested_quantity": "bigint", "suppressed_by": "text?", "warnings": "text[]"}
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found';
REVOKE ALL ON FUNCTION public.part_suggestions(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.part_suggestions(uuid, uuid) TO authenticated;
