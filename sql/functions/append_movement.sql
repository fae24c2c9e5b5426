-- private.append_movement: the one way by which RPCs write to the ledger. The ledger's trigger locks the
-- stock, looks, and numbers the movement; seq 0 asks it to insert nothing where that cannot be, and
-- private.movement_error then says why. deduct_ and add_stock_inventory are its two faces.

CREATE FUNCTION private.append_movement(
    p_call             private.rpc_call,
    p_stock_id         uuid,
    p_transaction_type text,
    p_quantity_change  integer,
    p_transaction_id   uuid,
    p_link_id          uuid,
    OUT success         boolean,
    OUT quantity_before integer,
    OUT quantity_after  integer,
    OUT error_code      text
)
    RETURNS record
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    success := false;
    IF p_call.expected_seq IS NOT NULL THEN
        SELECT m.error_code
        INTO error_code
        FROM private.movement_error(p_call, p_stock_id, p_quantity_change) AS m;
    END IF;

    IF error_code IS NULL THEN
        INSERT INTO public.pms_inventory_transactions AS t
            (yacht_id, transaction_id, stock_id, seq, quantity_change, transaction_type, occurred_at,
             actor_id, actor_role, idempotency_key, counterpart_id, usage_id,
             reverses_transaction_id, signature, signature_id, reason, notes, metadata, item_id)
        VALUES
            (p_call.yacht_id, p_transaction_id, p_stock_id, 0, p_quantity_change,
             p_transaction_type, p_call.occurred_at, p_call.actor_id, p_call.role,
             p_call.idempotency_key,
             CASE WHEN p_transaction_type IN ('transferred_out', 'transferred_in') THEN p_link_id END,
             CASE WHEN p_transaction_type = 'consumed' THEN p_link_id END,
             CASE WHEN p_transaction_type = 'reversed' THEN p_link_id END,
             coalesce(p_call.signature, '{}'), p_call.signature_id, p_call.reason, p_call.notes,
             coalesce(p_call.metadata, '{}'),
             CASE WHEN p_transaction_type = 'received' THEN p_link_id END)
        RETURNING t.on_hand_before, t.on_hand_after
        INTO quantity_before, quantity_after;
        success := FOUND;
    END IF;
    IF NOT success THEN
        SELECT m.quantity_before, m.quantity_before, m.error_code
        INTO quantity_before, quantity_after, error_code
        FROM private.movement_error(p_call, p_stock_id, p_quantity_change) AS m;
    END IF;
END
$function$;

ALTER FUNCTION private.append_movement(private.rpc_call, uuid, text, integer, uuid, uuid)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION private.append_movement(private.rpc_call, uuid, text, integer, uuid, uuid) IS
    'Appends a movement under the lock of its stock, or says why not. p_link_id: the other leg of a transfer, the usage, the reversed movement, or the item of the shopping list, by type.';
REVOKE ALL ON FUNCTION private.append_movement(private.rpc_call, uuid, text, integer, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
