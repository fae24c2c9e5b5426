-- consume_part: take parts out of stock.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht; 404
--            feature_disabled, part_not_found, stock_not_found; 409 insufficient_stock,
--            part_deactivated, location_deactivated, stale_count, duplicate_idempotency_key,
--            idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.consume_part(
    p_yacht_id        uuid,
    p_part_id         uuid        DEFAULT NULL,
    p_quantity        integer     DEFAULT NULL,
    p_idempotency_key text        DEFAULT NULL,
    p_stock_id        uuid        DEFAULT NULL,
    p_work_order      text        DEFAULT NULL,
    p_equipment       text        DEFAULT NULL,
    p_occurred_at     timestamptz DEFAULT NULL,
    p_notes           text        DEFAULT NULL,
    p_expected_seq    integer     DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call     private.rpc_call;
    v_stock    record;
    v_movement record;
    v_usage    uuid;
BEGIN
    v_call := private.open_call(
        'consume_part', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id, 'p_quantity', p_quantity, 'p_stock_id', p_stock_id,
            'p_work_order', p_work_order, 'p_equipment', p_equipment,
            'p_occurred_at', p_occurred_at AT TIME ZONE 'UTC', 'p_notes', p_notes,
            'p_expected_seq', p_expected_seq),
        p_idempotency_key,
        CASE
            WHEN length(p_work_order) NOT BETWEEN 1 AND 200
            THEN '{"argument": "p_work_order", "reason": "does not have 1 to 200 characters"}'::jsonb
            WHEN length(p_equipment) NOT BETWEEN 1 AND 200
            THEN '{"argument": "p_equipment", "reason": "does not have 1 to 200 characters"}'::jsonb
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    v_stock := private.resolve_stock(p_yacht_id, p_part_id, p_stock_id);
    IF v_stock.error_code IS NOT NULL THEN
        RETURN private.refuse_movement(
            v_call, v_stock.error_code, p_part_id, p_stock_id, p_quantity);
    END IF;

    IF coalesce(p_work_order, p_equipment) IS NOT NULL THEN
        v_usage := private.uuid_v7();
    END IF;
    SELECT m.success, m.quantity_before, m.quantity_after, m.error_code
    INTO v_movement
    FROM private.deduct_stock_inventory(
        v_stock.stock_id, p_quantity, p_yacht_id, 'consumed', v_call, v_call.call_id, v_usage) AS m;
    IF NOT v_movement.success THEN
        RETURN private.refuse_movement(
            v_call, v_movement.error_code, p_part_id, v_stock.stock_id, p_quantity);
    END IF;
    IF v_usage IS NOT NULL THEN
        PERFORM private.record_usage(
            v_call, v_usage, v_stock.stock_id, p_part_id, p_quantity, p_work_order, p_equipment);
    END IF;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true,
        'action', v_call.action,
        'transaction_id', v_call.call_id,
        'part_id', p_part_id,
        'stock_id', v_stock.stock_id,
        'quantity_before', v_movement.quantity_before,
        'quantity_after', v_movement.quantity_after,
        'on_hand', CASE
            WHEN v_stock.has_other_stocks THEN private.part_on_hand(p_yacht_id, p_part_id)
            ELSE v_movement.quantity_after
        END), 'part', p_part_id);
END
$function$;

ALTER FUNCTION public.consume_part(
    uuid, uuid, integer, text, uuid, text, text, timestamptz, text, integer)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION public.consume_part(
    uuid, uuid, integer, text, uuid, text, text, timestamptz, text, integer) IS
'Takes parts out of stock.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_stock_id: which stock; without it the one at the primary location, or the only one.
p_work_order, p_equipment: what for, up to 200 characters each.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq that the caller saw; refused with stale_count if the stock has moved since.

Requires p_part_id, p_quantity, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht; 404 feature_disabled, part_not_found, stock_not_found; 409 insufficient_stock, part_deactivated, location_deactivated, stale_count, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.consume_part(
    uuid, uuid, integer, text, uuid, text, text, timestamptz, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.consume_part(
    uuid, uuid, integer, text, uuid, text, text, timestamptz, text, integer) TO authenticated;
