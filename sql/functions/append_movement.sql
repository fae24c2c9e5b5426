-- private.append_movement: the one way by which RPCs write to the ledger. Asks for a movement
-- (private.complete_movement locks the stock and looks), and says why where there is none.
-- deduct_ and add_stock_inventory are its two faces.

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
DECLARE
    v_part_is_active     boolean;
    v_location_is_active boolean;
    v_seq                integer;
BEGIN
    INSERT INTO public.pms_inventory_transactions AS t
        (yacht_id, transaction_id, stock_id, seq, quantity_change, transaction_type, occurred_at,
         actor_id, actor_role, idempotency_key, counterpart_id, usage_id, reverses_transaction_id,
         signature, signature_id, reason, notes, metadata, item_id)
    VALUES
        (p_call.yacht_id, p_transaction_id, p_stock_id,
         -- Asks for the one after the expected, which may be the greatest integer; or for any.
         CASE
             WHEN p_call.expected_seq IS NULL THEN '-2147483648'
             ELSE greatest(-1 - p_call.expected_seq, -2147483647)
         END,
         p_quantity_change, p_transaction_type, p_call.occurred_at, p_call.actor_id, p_call.role,
         p_call.idempotency_key,
         CASE WHEN p_transaction_type IN ('transferred_out', 'transferred_in') THEN p_link_id END,
         CASE WHEN p_transaction_type = 'consumed' THEN p_link_id END,
         CASE WHEN p_transaction_type = 'reversed' THEN p_link_id END,
         coalesce(p_call.signature, '{}'), p_call.signature_id, p_call.reason, p_call.notes,
         coalesce(p_call.metadata, '{}'),
         CASE WHEN p_transaction_type = 'received' THEN p_link_id END)
    RETURNING true, t.on_hand_before, t.on_hand_after
    INTO success, quantity_before, quantity_after;
    IF success THEN
        RETURN;
    END IF;

    -- Lock and look in two statements: the second has a snapshot from after the lock.
    success := false;
    SELECT s.part_is_active, s.location_is_active
    INTO v_part_is_active, v_location_is_active
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_call.yacht_id
      AND s.stock_id = p_stock_id
    FOR UPDATE;
    IF NOT FOUND THEN
        error_code := 'stock_not_found';
        RETURN;
    END IF;
    SELECT t.seq, t.on_hand_after
    INTO v_seq, quantity_before
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = p_call.yacht_id
      AND t.stock_id = p_stock_id
    ORDER BY t.seq DESC
    LIMIT 1;
    quantity_before := coalesce(quantity_before, 0);
    quantity_after := quantity_before;
    error_code := CASE
        WHEN NOT v_part_is_active THEN 'part_deactivated'
        WHEN NOT v_location_is_active THEN 'location_deactivated'
        WHEN p_call.expected_seq <> coalesce(v_seq, 0) THEN 'stale_count'
        WHEN quantity_before + p_quantity_change::bigint < 0 THEN 'insufficient_stock'
        WHEN quantity_before + p_quantity_change::bigint > 2147483647 THEN 'invalid_quantity'
        -- It was opened since.
        ELSE 'stock_not_found'
    END;
END
$function$;

ALTER FUNCTION private.append_movement(private.rpc_call, uuid, text, integer, uuid, uuid)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION private.append_movement(private.rpc_call, uuid, text, integer, uuid, uuid) IS
    'Appends a movement under the lock of its stock, or says why not. p_link_id: the other leg of a transfer, the usage, the reversed movement, or the item of the shopping list, by type.';
REVOKE ALL ON FUNCTION private.append_movement(private.rpc_call, uuid, text, integer, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
