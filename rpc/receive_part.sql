-- receive_part: put delivered parts into stock.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht,
--            role_not_allowed; 404 feature_disabled, part_not_found, stock_not_found,
--            location_not_found; 409 part_deactivated, location_deactivated, stale_count,
--            duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.receive_part(
    p_yacht_id        uuid,
    p_part_id         uuid        DEFAULT NULL,
    p_quantity        integer     DEFAULT NULL,
    p_idempotency_key text        DEFAULT NULL,
    p_stock_id        uuid        DEFAULT NULL,
    p_supplier        text        DEFAULT NULL,
    p_reference       text        DEFAULT NULL,
    p_location_id     uuid        DEFAULT NULL,
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
    v_call    private.rpc_call;
    v_stock   record;
    v_refused uuid;
    v_before  integer;
    v_after   integer;
    v_error   text;
BEGIN
    v_call := private.open_call(
        'receive_part', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id, 'p_quantity', p_quantity, 'p_stock_id', p_stock_id,
            'p_supplier', p_supplier, 'p_reference', p_reference,
            'p_location_id', p_location_id,
            'p_occurred_at', p_occurred_at AT TIME ZONE 'UTC', 'p_notes', p_notes,
            'p_expected_seq', p_expected_seq),
        p_idempotency_key,
        CASE
            WHEN length(p_supplier) NOT BETWEEN 1 AND 200
            THEN '{"argument": "p_supplier", "reason": "does not have 1 to 200 characters"}'::jsonb
            WHEN length(p_reference) NOT BETWEEN 1 AND 200
            THEN '{"argument": "p_reference", "reason": "does not have 1 to 200 characters"}'::jsonb
            WHEN p_stock_id IS NOT NULL AND p_location_id IS NOT NULL
            THEN '{"argument": "p_location_id", "reason": "excludes p_stock_id"}'::jsonb
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    v_call.metadata := jsonb_strip_nulls(jsonb_build_object(
        'supplier', p_supplier, 'reference', p_reference));

    BEGIN
        IF p_stock_id IS NULL THEN
            v_stock := private.open_stock(p_yacht_id, p_part_id, p_location_id);
        ELSE
            v_stock := private.resolve_stock(p_yacht_id, p_part_id, p_stock_id);
        END IF;
        v_error := v_stock.error_code;
        IF v_error IS NULL THEN
            v_refused := v_stock.stock_id;
            SELECT m.quantity_before, m.quantity_after, m.error_code
            INTO v_before, v_after, v_error
            FROM private.add_stock_inventory(
                v_stock.stock_id, p_quantity, p_yacht_id, 'received', v_call, v_call.call_id) AS m;
        END IF;
        IF v_error IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'PL001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'PL001' THEN
        -- Undone with it: the stock that was opened for it, if any.
        SELECT s.stock_id
        INTO v_refused
        FROM public.pms_inventory_stock AS s
        WHERE s.yacht_id = p_yacht_id
          AND s.stock_id = v_refused;
        RETURN private.refuse_movement(
            v_call, v_error, p_part_id, coalesce(p_stock_id, v_refused), p_quantity);
    END;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true,
        'action', v_call.action,
        'transaction_id', v_call.call_id,
        'part_id', p_part_id,
        'stock_id', v_stock.stock_id,
        'quantity_before', v_before,
        'quantity_after', v_after,
        'on_hand', CASE
            WHEN v_stock.has_other_stocks THEN private.part_on_hand(p_yacht_id, p_part_id)
            ELSE v_after
        END), 'part', p_part_id);
END
$function$;

ALTER FUNCTION public.receive_part(
    uuid, uuid, integer, text, uuid, text, text, uuid, timestamptz, text, integer)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION public.receive_part(
    uuid, uuid, integer, text, uuid, text, text, uuid, timestamptz, text, integer) IS
'Puts delivered parts into stock.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_stock_id, p_location_id: where, one of them; without either at the primary location, or the only stock.
p_supplier, p_reference: of the delivery, up to 200 characters each.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq that the caller saw; refused with stale_count if the stock has moved since.

Requires p_part_id, p_quantity, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, part_not_found, stock_not_found, location_not_found; 409 part_deactivated, location_deactivated, stale_count, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.receive_part(
    uuid, uuid, integer, text, uuid, text, text, uuid, timestamptz, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.receive_part(
    uuid, uuid, integer, text, uuid, text, text, uuid, timestamptz, text, integer) TO authenticated;
