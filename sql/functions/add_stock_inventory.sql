-- private.add_stock_inventory: put units into a stock. With its twin the primitive under all movements, for
-- pms_rpc alone. The ledger's trigger locks the stock, looks, and numbers the movement; seq 0 asks it
-- to insert nothing where that cannot be, and private.movement_error then says why.
--
-- The twins share no function with their INSERT in it: each call of one costs a movement 5 % more.

CREATE FUNCTION private.add_stock_inventory(
    p_stock_id         uuid,
    p_quantity         integer,
    p_yacht_id         uuid,
    p_transaction_type text,
    p_call             private.rpc_call,
    p_transaction_id   uuid DEFAULT private.uuid_v7(),
    p_link_id          uuid DEFAULT NULL
)
    RETURNS TABLE (
        success         boolean,
        quantity_before integer,
        quantity_after  integer,
        error_code      text
    )
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_quantity IS NULL OR p_quantity NOT BETWEEN 1 AND 1000000 THEN
        RETURN QUERY VALUES (false, NULL::integer, NULL::integer, 'invalid_quantity');
        RETURN;
    END IF;
    p_call.yacht_id := p_yacht_id;
    IF p_call.expected_seq IS NOT NULL THEN
        SELECT m.error_code
        INTO error_code
        FROM private.movement_error(p_call, p_stock_id, p_quantity) AS m;
    END IF;

    IF error_code IS NULL THEN
        INSERT INTO public.pms_inventory_transactions AS t
            (yacht_id, transaction_id, stock_id, seq, quantity_change, transaction_type, occurred_at,
             actor_id, actor_role, idempotency_key, counterpart_id, usage_id,
             reverses_transaction_id, signature, signature_id, reason, notes, metadata, item_id)
        VALUES
            (p_call.yacht_id, p_transaction_id, p_stock_id, 0, p_quantity, p_transaction_type,
             p_call.occurred_at, p_call.actor_id, p_call.role, p_call.idempotency_key,
             CASE WHEN p_transaction_type LIKE 'transferred\_%' THEN p_link_id END,
             CASE p_transaction_type WHEN 'consumed' THEN p_link_id END,
             CASE p_transaction_type WHEN 'reversed' THEN p_link_id END,
             coalesce(p_call.signature, '{}'), p_call.signature_id, p_call.reason, p_call.notes,
             coalesce(p_call.metadata, '{}'),
             CASE p_transaction_type WHEN 'received' THEN p_link_id END)
        RETURNING true, t.on_hand_before, t.on_hand_after
        INTO success, quantity_before, quantity_after;
    END IF;
    IF success IS NULL THEN
        SELECT false, m.quantity_before, m.quantity_before, m.error_code
        INTO success, quantity_before, quantity_after, error_code
        FROM private.movement_error(p_call, p_stock_id, p_quantity) AS m;
    END IF;
    RETURN NEXT;
END
$function$;

ALTER FUNCTION private.add_stock_inventory(uuid, integer, uuid, text, private.rpc_call, uuid, uuid)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION private.add_stock_inventory(
    uuid, integer, uuid, text, private.rpc_call, uuid, uuid) IS
    'Put units into a stock, 1 to 1,000,000: a movement of type opening, received, transferred_in, adjusted or reversed. error_code: invalid_quantity, stock_not_found, part_deactivated, location_deactivated, stale_count, insufficient_stock; nothing is written then. p_link_id: the other leg of a transfer, the usage, the reversed movement, or the item of the shopping list, by type.';
REVOKE ALL ON FUNCTION private.add_stock_inventory(
    uuid, integer, uuid, text, private.rpc_call, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
