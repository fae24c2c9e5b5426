-- transfer_part: move parts from one location to another: two movements, one transaction.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_quantity, invalid_argument, same_location, missing_idempotency_key; 403
--            not_on_yacht; 404 feature_disabled, part_not_found, location_not_found,
--            stock_not_found; 409 insufficient_stock, part_deactivated, location_deactivated,
--            stale_count, duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.transfer_part(
    p_yacht_id         uuid,
    p_part_id          uuid        DEFAULT NULL,
    p_from_location_id uuid        DEFAULT NULL,
    p_to_location_id   uuid        DEFAULT NULL,
    p_quantity         integer     DEFAULT NULL,
    p_idempotency_key  text        DEFAULT NULL,
    p_occurred_at      timestamptz DEFAULT NULL,
    p_notes            text        DEFAULT NULL,
    p_expected_seq     integer     DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call        private.rpc_call;
    v_error       text;
    v_refused     uuid;
    v_from_id     uuid;
    v_from_before integer;
    v_from_after  integer;
    v_to_id       uuid;
    v_to_before   integer;
    v_to_after    integer;
    v_in_id       uuid := private.uuid_v7();
    v_legs        jsonb;
BEGIN
    v_call := private.open_call(
        'transfer_part', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id, 'p_from_location_id', p_from_location_id,
            'p_to_location_id', p_to_location_id, 'p_quantity', p_quantity,
            'p_occurred_at', p_occurred_at AT TIME ZONE 'UTC', 'p_notes', p_notes,
            'p_expected_seq', p_expected_seq),
        p_idempotency_key,
        CASE
            WHEN p_from_location_id = p_to_location_id THEN '{"code": "same_location"}'::jsonb
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    v_call.metadata := jsonb_build_object(
        'from_location_id', p_from_location_id, 'to_location_id', p_to_location_id);

    BEGIN
        SELECT s.stock_id, s.error_code
        INTO v_from_id, v_error
        FROM private.stock_at(p_yacht_id, p_part_id, p_from_location_id) AS s;
        IF v_error IS NULL THEN
            SELECT s.stock_id, s.error_code
            INTO v_to_id, v_error
            FROM private.open_stock(p_yacht_id, p_part_id, p_to_location_id) AS s;
        END IF;
        -- Both in the order of their ids, so that opposite transfers do not wait for each other.
        PERFORM s.stock_id
        FROM public.pms_inventory_stock AS s
        WHERE s.yacht_id = p_yacht_id
          AND s.stock_id IN (v_from_id, v_to_id)
        ORDER BY s.stock_id
        FOR UPDATE;

        v_refused := v_from_id;
        IF v_error IS NULL THEN
            SELECT m.quantity_before, m.quantity_after, m.error_code
            INTO v_from_before, v_from_after, v_error
            FROM private.deduct_stock_inventory(
                v_from_id, p_quantity, p_yacht_id, 'transferred_out', v_call, v_call.call_id,
                v_in_id) AS m;
        END IF;
        IF v_error IS NULL THEN
            -- The seq was that of the source.
            v_call.expected_seq := NULL;
            v_refused := v_to_id;
            SELECT m.quantity_before, m.quantity_after, m.error_code
            INTO v_to_before, v_to_after, v_error
            FROM private.add_stock_inventory(
                v_to_id, p_quantity, p_yacht_id, 'transferred_in', v_call, v_in_id,
                v_call.call_id) AS m;
        END IF;
        IF v_error IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'PL001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'PL001' THEN
        -- Undone with it: its first leg, and the stock that was opened for it, if any.
        RETURN private.refuse_movement(v_call, v_error, p_part_id, v_refused, p_quantity);
    END;

    SELECT jsonb_agg(jsonb_build_object(
        'transaction_id', l.transaction_id,
        'part_id', p_part_id,
        'stock_id', l.stock_id,
        'quantity_before', l.quantity_before,
        'quantity_after', l.quantity_after,
        'on_hand', private.part_on_hand(p_yacht_id, p_part_id)))
    INTO v_legs
    FROM (VALUES
        (v_call.call_id, v_from_id, v_from_before, v_from_after),
        (v_in_id, v_to_id, v_to_before, v_to_after)
    ) AS l (transaction_id, stock_id, quantity_before, quantity_after);
    RETURN private.answer(
        v_call,
        v_legs -> 0 || jsonb_build_object(
            'success', true, 'action', v_call.action, 'legs', v_legs),
        'part', p_part_id);
END
$function$;

ALTER FUNCTION public.transfer_part(
    uuid, uuid, uuid, uuid, integer, text, timestamptz, text, integer)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION public.transfer_part(
    uuid, uuid, uuid, uuid, integer, text, timestamptz, text, integer) IS
'Moves parts from one location of the yacht to another: two movements in one transaction.
The answer has the source at the top level and both movements in legs.

p_yacht_id: the yacht.
p_part_id: the part.
p_from_location_id, p_to_location_id: where from and where to.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq of the source that the caller saw; refused with stale_count if it has moved since.

Requires p_part_id, p_from_location_id, p_to_location_id, p_quantity, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint", "legs": [{"transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}]}
Refuses 400 invalid_quantity, invalid_argument, same_location, missing_idempotency_key; 403 not_on_yacht; 404 feature_disabled, part_not_found, location_not_found, stock_not_found; 409 insufficient_stock, part_deactivated, location_deactivated, stale_count, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.transfer_part(
    uuid, uuid, uuid, uuid, integer, text, timestamptz, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.transfer_part(
    uuid, uuid, uuid, uuid, integer, text, timestamptz, text, integer) TO authenticated;
