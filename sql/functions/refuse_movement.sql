-- private.refuse_movement: the refusal of a movement, with what the caller needs to go on: the stock,
-- what is there, and its newest seq.

CREATE FUNCTION private.refuse_movement(
    p_call     private.rpc_call,
    p_code     text,
    p_part_id  uuid,
    p_stock_id uuid,
    p_quantity integer
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_details jsonb := jsonb_build_object(
        'part_id', p_part_id, 'stock_id', p_stock_id, 'quantity', p_quantity);
BEGIN
    IF p_code IN ('insufficient_stock', 'stale_count') THEN
        v_details := v_details || coalesce((
            SELECT jsonb_build_object('on_hand', t.on_hand_after, 'seq', t.seq)
            FROM public.pms_inventory_transactions AS t
            WHERE t.yacht_id = p_call.yacht_id
              AND t.stock_id = p_stock_id
            ORDER BY t.seq DESC
            LIMIT 1
        ), '{"on_hand": 0, "seq": 0}');
    END IF;
    RETURN private.refuse(p_call, p_code, jsonb_strip_nulls(v_details), 'part', p_part_id);
END
$function$;

ALTER FUNCTION private.refuse_movement(private.rpc_call, text, uuid, uuid, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_movement(private.rpc_call, text, uuid, uuid, integer) IS
    'Refuses a movement; details name part, stock and quantity, and where it matters on_hand and seq.';
REVOKE ALL ON FUNCTION private.refuse_movement(private.rpc_call, text, uuid, uuid, integer)
    FROM PUBLIC, anon, authenticated, service_role;
