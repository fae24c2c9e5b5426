-- private.move_stock, private.adjust_stock: movements whose sign is not known beforehand.

CREATE FUNCTION private.move_stock(
    p_call             private.rpc_call,
    p_stock_id         uuid,
    p_transaction_type text,
    p_change           bigint,
    p_transaction_id   uuid,
    p_link_id          uuid DEFAULT NULL,
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
    IF p_change < 0 THEN
        SELECT m.quantity_before, m.quantity_after, m.error_code
        INTO quantity_before, quantity_after, error_code
        FROM private.deduct_stock_inventory(
            p_stock_id, least(-p_change, 2147483647)::integer, p_call.yacht_id, p_transaction_type,
            p_call, p_transaction_id, p_link_id) AS m;
    ELSE
        SELECT m.quantity_before, m.quantity_after, m.error_code
        INTO quantity_before, quantity_after, error_code
        FROM private.add_stock_inventory(
            p_stock_id, least(p_change, 2147483647)::integer, p_call.yacht_id, p_transaction_type,
            p_call, p_transaction_id, p_link_id) AS m;
    END IF;
END
$function$;

ALTER FUNCTION private.move_stock(private.rpc_call, uuid, text, bigint, uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.move_stock(private.rpc_call, uuid, text, bigint, uuid, uuid) IS
    'Puts units into a stock, or takes them out where p_change is negative; errors as of the primitives.';
REVOKE ALL ON FUNCTION private.move_stock(private.rpc_call, uuid, text, bigint, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.adjust_stock(
    p_call           private.rpc_call,
    p_stock_id       uuid,
    p_counted        integer,
    p_transaction_id uuid,
    OUT transaction_id  uuid,
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
    v_location_is_active boolean;
    v_seq                integer;
BEGIN
    -- Lock and look in two statements: the second has a snapshot from after the lock.
    SELECT s.location_is_active
    INTO v_location_is_active
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_call.yacht_id
      AND s.stock_id = p_stock_id
    FOR UPDATE;
    SELECT t.seq, t.on_hand_after
    INTO v_seq, quantity_before
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = p_call.yacht_id
      AND t.stock_id = p_stock_id
    ORDER BY t.seq DESC
    LIMIT 1;
    quantity_before := coalesce(quantity_before, 0);
    quantity_after := p_counted;

    IF p_counted <> quantity_before THEN
        transaction_id := p_transaction_id;
        SELECT m.error_code
        INTO error_code
        FROM private.move_stock(
            p_call, p_stock_id, 'adjusted', p_counted::bigint - quantity_before,
            p_transaction_id) AS m;
    ELSE
        -- A count that confirms what is on record moves nothing.
        error_code := CASE
            WHEN NOT v_location_is_active THEN 'location_deactivated'
            WHEN p_call.expected_seq <> coalesce(v_seq, 0) THEN 'stale_count'
        END;
    END IF;
END
$function$;

ALTER FUNCTION private.adjust_stock(private.rpc_call, uuid, integer, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.adjust_stock(private.rpc_call, uuid, integer, uuid) IS
    'Corrects a stock to what was counted; transaction_id is NULL where that is what is on record.';
REVOKE ALL ON FUNCTION private.adjust_stock(private.rpc_call, uuid, integer, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
