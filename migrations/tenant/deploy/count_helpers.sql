-- Deploy part_lens_tenant:count_helpers to pg
-- requires: stock_primitives

BEGIN;

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

-- private.counts_error: what is wrong with the lines of a count, before anything is looked up.

CREATE FUNCTION private.counts_error(p_counts jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_line   record;
    v_number CONSTANT text := '^(0|[1-9][0-9]{0,8})$';
    v_uuid   CONSTANT text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
    v_reason text;
BEGIN
    IF p_counts IS NULL THEN
        RETURN NULL;
    ELSIF jsonb_typeof(p_counts) <> 'array' OR jsonb_array_length(p_counts) NOT BETWEEN 1 AND 1000 THEN
        RETURN '{"argument": "p_counts", "reason": "is not a list of 1 to 1000 lines"}'::jsonb;
    END IF;
    FOR v_line IN
        SELECT c.value, c.ordinality - 1 AS place
        FROM jsonb_array_elements(p_counts) WITH ORDINALITY AS c (value, ordinality)
    LOOP
        v_reason := CASE
            WHEN jsonb_typeof(v_line.value) <> 'object'
            THEN 'is not an object'
            WHEN v_line.value - ARRAY['part_id', 'stock_id', 'counted_quantity', 'expected_seq'] <> '{}'
            THEN 'has an unknown key'
            WHEN (v_line.value ->> 'part_id' ~ v_uuid) IS NOT TRUE
            THEN 'has no part_id'
            WHEN v_line.value ->> 'stock_id' !~ v_uuid
            THEN 'has a stock_id that is no UUID'
            WHEN v_line.value ->> 'expected_seq' !~ v_number
            THEN 'has an expected_seq that is no whole number'
            WHEN v_line.value ->> 'counted_quantity' IS NULL
            THEN 'has no counted_quantity'
        END;
        IF v_reason IS NOT NULL THEN
            RETURN jsonb_build_object(
                'argument', format('p_counts[%s]', v_line.place), 'reason', v_reason);
        ELSIF v_line.value ->> 'counted_quantity' !~ v_number
              OR (v_line.value ->> 'counted_quantity')::integer > 1000000
        THEN
            RETURN jsonb_build_object(
                'code', 'invalid_quantity', 'argument', format('p_counts[%s]', v_line.place),
                'quantity', v_line.value -> 'counted_quantity');
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;

ALTER FUNCTION private.counts_error(jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.counts_error(jsonb) IS
    'What is wrong with the first line of a count that cannot be, as private.open_call takes it; NULL when all can.';
REVOKE ALL ON FUNCTION private.counts_error(jsonb) FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
