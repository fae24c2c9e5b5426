-- private.add_stock_inventory: put units into a stock. With its twin the primitive under all movements; both
-- append by private.append_movement, whose INSERT locks the stock. For pms_rpc alone.

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
    SELECT m.success, m.quantity_before, m.quantity_after, m.error_code
    INTO success, quantity_before, quantity_after, error_code
    FROM private.append_movement(
        p_call, p_stock_id, p_transaction_type, p_quantity, p_transaction_id, p_link_id) AS m;
    RETURN NEXT;
END
$function$;

ALTER FUNCTION private.add_stock_inventory(uuid, integer, uuid, text, private.rpc_call, uuid, uuid)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION private.add_stock_inventory(
    uuid, integer, uuid, text, private.rpc_call, uuid, uuid) IS
    'Put units into a stock, 1 to 1,000,000: a movement of type opening, received, transferred_in, adjusted or reversed. error_code: invalid_quantity, stock_not_found, part_deactivated, location_deactivated, stale_count, insufficient_stock; nothing is written then.';
REVOKE ALL ON FUNCTION private.add_stock_inventory(
    uuid, integer, uuid, text, private.rpc_call, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
