-- stock_history: see the movements of a part or of a stock.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found,
--            stock_not_found.

CREATE OR REPLACE FUNCTION public.stock_history(
    p_yacht_id uuid,
    p_part_id  uuid    DEFAULT NULL,
    p_stock_id uuid    DEFAULT NULL,
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
    v_stocks   uuid[];
BEGIN
    v_position := private.decode_cursor(
        p_after, '^[0-9]{1,17}$', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', '^[0-9]{1,9}$', '^-?[0-9]{1,15}$');
    v_call := private.open_call(
        'stock_history', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id, 'p_stock_id', p_stock_id, 'p_limit', p_limit),
        p_wrong => CASE
            WHEN p_after IS NOT NULL AND v_position IS NULL
            THEN '{"argument": "p_after", "reason": "is not a cursor of this list"}'::jsonb
            WHEN p_limit IS NULL
            THEN '{"argument": "p_limit", "reason": "is null"}'
            WHEN p_part_id IS NULL AND p_stock_id IS NULL
            THEN '{"argument": "p_part_id", "reason": "or p_stock_id is required"}'
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;


    SELECT array_agg(s.stock_id)
    INTO v_stocks
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id
      AND (p_part_id IS NULL OR s.part_id = p_part_id)
      AND (p_stock_id IS NULL OR s.stock_id = p_stock_id);
    IF p_stock_id IS NOT NULL AND v_stocks IS NULL THEN
        RETURN private.refuse(v_call, 'stock_not_found', jsonb_build_object(
            'stock_id', p_stock_id));
    ELSIF v_stocks IS NULL AND NOT EXISTS (
        SELECT
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id
    ) THEN
        RETURN private.refuse(v_call, 'part_not_found', jsonb_build_object('part_id', p_part_id));
    END IF;

    RETURN private.movements_of(p_yacht_id, v_stocks, v_position, p_limit);
END
$function$;

ALTER FUNCTION public.stock_history(uuid, uuid, uuid, text, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.stock_history(
    uuid, uuid, uuid, text, integer) IS
'Lists the movements of a part, or of one stock of it, newest first.
on_hand_after is the stock''s; running_balance is that of all listed stocks together.

p_yacht_id: the yacht.
p_part_id: the part.
p_stock_id: one stock of the part; without it all.
p_after: cursor of the last row of the page before.
p_limit: rows, 1 to 500.

Answers 200 [{"transaction_id": "uuid", "stock_id": "uuid", "seq": "integer", "transaction_type": "text", "quantity_change": "integer", "on_hand_before": "integer", "on_hand_after": "integer", "running_balance": "bigint", "occurred_at": "timestamptz", "recorded_at": "timestamptz", "actor_id": "uuid?", "actor_role": "text?", "reason": "text?", "notes": "text?", "metadata": "jsonb", "usage_id": "uuid?", "counterpart_id": "uuid?", "reverses_transaction_id": "uuid?", "is_signed": "boolean", "cursor": "text"}]
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found, stock_not_found';
REVOKE ALL ON FUNCTION public.stock_history(
    uuid, uuid, uuid, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.stock_history(uuid, uuid, uuid, text, integer) TO authenticated;
