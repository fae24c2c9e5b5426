-- private.movement_error: what is on hand in a stock, and why it does not take a movement. It holds the
-- stock's lock, so that what it says stays true until the end of the call.
--
-- Lock and look in two statements: the second has a snapshot from after the lock.

CREATE FUNCTION private.movement_error(
    p_call            private.rpc_call,
    p_stock_id        uuid,
    p_quantity_change integer,
    OUT quantity_before integer,
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
    error_code := CASE
        WHEN NOT v_part_is_active THEN 'part_deactivated'
        WHEN NOT v_location_is_active THEN 'location_deactivated'
        WHEN p_call.expected_seq <> coalesce(v_seq, 0) THEN 'stale_count'
        WHEN quantity_before + p_quantity_change::bigint < 0 THEN 'insufficient_stock'
        WHEN quantity_before + p_quantity_change::bigint > 2147483647 THEN 'invalid_quantity'
    END;
END
$function$;

ALTER FUNCTION private.movement_error(private.rpc_call, uuid, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.movement_error(private.rpc_call, uuid, integer) IS
    'Locks a stock and says what is on hand and why it does not take a change: stock_not_found, part_deactivated, location_deactivated, stale_count, insufficient_stock, invalid_quantity (more than it holds), or NULL.';
REVOKE ALL ON FUNCTION private.movement_error(private.rpc_call, uuid, integer)
    FROM PUBLIC, anon, authenticated, service_role;
