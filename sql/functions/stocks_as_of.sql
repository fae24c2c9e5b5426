-- private.stocks_as_of: what was on hand in each stock of a part at a time, by either clock. By
-- recorded_at the newest movement until then says it; occurred_at has no order, so there it is a sum.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.stocks_as_of(
    p_yacht_id uuid,
    p_part_id  uuid,
    p_at       timestamptz,
    p_clock    text
)
    RETURNS TABLE (
        stock_id    uuid,
        location_id uuid,
        on_hand     integer
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT
        s.stock_id,
        s.location_id,
        CASE p_clock
            WHEN 'recorded' THEN coalesce((
                SELECT t.on_hand_after
                FROM public.pms_inventory_transactions AS t
                WHERE t.yacht_id = s.yacht_id
                  AND t.stock_id = s.stock_id
                  AND t.seq = private.seq_at(s.yacht_id, s.stock_id, p_at)
            ), 0)
            WHEN 'occurred' THEN coalesce((
                SELECT sum(t.quantity_change)
                FROM public.pms_inventory_transactions AS t
                WHERE t.yacht_id = s.yacht_id
                  AND t.stock_id = s.stock_id
                  AND t.occurred_at <= p_at
            ), 0)::integer
        END
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id
      AND s.part_id = p_part_id;
END
$function$;

ALTER FUNCTION private.stocks_as_of(uuid, uuid, timestamptz, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.stocks_as_of(uuid, uuid, timestamptz, text) IS
    'On hand of each stock of a part at p_at, by the clock recorded or occurred.';
REVOKE ALL ON FUNCTION private.stocks_as_of(uuid, uuid, timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;
