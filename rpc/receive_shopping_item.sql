-- receive_shopping_item: put what was ordered into stock, in parts until complete.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht,
--            role_not_allowed; 404 feature_disabled, item_not_found, stock_not_found,
--            location_not_found; 409 illegal_transition, part_deactivated, location_deactivated,
--            duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.
--
-- More than is outstanding is invalid_quantity, with what is: the rest goes through receive_part.

CREATE OR REPLACE FUNCTION public.receive_shopping_item(
    p_yacht_id        uuid,
    p_item_id         uuid        DEFAULT NULL,
    p_quantity        integer     DEFAULT NULL,
    p_idempotency_key text        DEFAULT NULL,
    p_stock_id        uuid        DEFAULT NULL,
    p_location_id     uuid        DEFAULT NULL,
    p_occurred_at     timestamptz DEFAULT NULL,
    p_notes           text        DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call     private.rpc_call;
    v_item     record;
    v_stock    record;
    v_before   integer;
    v_after    integer;
    v_error    text;
    v_status   text;
    v_received integer;
BEGIN
    v_call := private.open_call(
        'receive_shopping_item', p_yacht_id,
        jsonb_build_object(
            'p_item_id', p_item_id, 'p_quantity', p_quantity, 'p_stock_id', p_stock_id,
            'p_location_id', p_location_id,
            'p_occurred_at', p_occurred_at AT TIME ZONE 'UTC', 'p_notes', p_notes),
        p_idempotency_key,
        CASE
            WHEN p_stock_id IS NOT NULL AND p_location_id IS NOT NULL
            THEN '{"argument": "p_location_id", "reason": "excludes p_stock_id"}'::jsonb
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    v_item := private.lock_item(v_call, p_item_id, ARRAY['ordered']);
    IF v_item.refusal IS NOT NULL THEN
        RETURN v_item.refusal;
    ELSIF p_quantity > v_item.outstanding THEN
        RETURN private.refuse(v_call, 'invalid_quantity', jsonb_build_object(
            'item_id', p_item_id, 'quantity', p_quantity,
            'outstanding', v_item.outstanding), 'item', p_item_id);
    END IF;
    v_call.metadata := jsonb_strip_nulls(jsonb_build_object(
        'supplier', v_item.supplier, 'reference', v_item.reference));

    BEGIN
        IF p_stock_id IS NULL THEN
            v_stock := private.open_stock(p_yacht_id, v_item.part_id, p_location_id);
        ELSE
            v_stock := private.resolve_stock(p_yacht_id, v_item.part_id, p_stock_id);
        END IF;
        v_error := v_stock.error_code;
        IF v_error IS NULL THEN
            SELECT m.quantity_before, m.quantity_after, m.error_code
            INTO v_before, v_after, v_error
            FROM private.add_stock_inventory(
                v_stock.stock_id, p_quantity, p_yacht_id, 'received', v_call, v_call.call_id,
                p_item_id) AS m;
        END IF;
        IF v_error IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'PL001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'PL001' THEN
        -- Undone with it: the stock that was opened for it, if any.
        RETURN private.refuse(v_call, v_error, jsonb_strip_nulls(jsonb_build_object(
            'item_id', p_item_id, 'part_id', v_item.part_id, 'stock_id', p_stock_id,
            'location_id', p_location_id, 'quantity', p_quantity)), 'item', p_item_id);
    END;

    UPDATE public.pms_shopping_list_items AS i
    SET quantity_received = i.quantity_received + p_quantity,
        status = CASE
            WHEN i.quantity_received + p_quantity = i.quantity THEN 'received'
            ELSE 'ordered'
        END,
        received_at = clock_timestamp(),
        received_transaction_id = v_call.call_id
    WHERE i.yacht_id = p_yacht_id
      AND i.item_id = p_item_id
    RETURNING i.status, i.quantity_received
    INTO v_status, v_received;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true,
        'action', v_call.action,
        'item_id', p_item_id,
        'status', v_status,
        'quantity_received', v_received,
        'outstanding', v_item.outstanding - p_quantity,
        'transaction_id', v_call.call_id,
        'part_id', v_item.part_id,
        'stock_id', v_stock.stock_id,
        'quantity_before', v_before,
        'quantity_after', v_after,
        'on_hand', private.part_on_hand(p_yacht_id, v_item.part_id)), 'item', p_item_id);
END
$function$;

ALTER FUNCTION public.receive_shopping_item(
    uuid, uuid, integer, text, uuid, uuid, timestamptz, text)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION public.receive_shopping_item(
    uuid, uuid, integer, text, uuid, uuid, timestamptz, text) IS
'Puts all or part of an ordered item into stock: one movement, which names the item.

p_yacht_id: the yacht.
p_item_id: the item of the shopping list.
p_quantity: units, 1 up to what is outstanding.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_stock_id, p_location_id: where, one of them; without either at the primary location, or the only stock.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.

Requires p_item_id, p_quantity, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "item_id": "uuid", "status": "text", "quantity_received": "integer", "outstanding": "integer", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, item_not_found, stock_not_found, location_not_found; 409 illegal_transition, part_deactivated, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.receive_shopping_item(
    uuid, uuid, integer, text, uuid, uuid, timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.receive_shopping_item(
    uuid, uuid, integer, text, uuid, uuid, timestamptz, text) TO authenticated;
