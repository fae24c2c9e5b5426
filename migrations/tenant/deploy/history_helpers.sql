-- Deploy part_lens_tenant:history_helpers to pg
-- requires: stock_views
-- requires: cursors

BEGIN;

-- private.seq_at: the last movement of a stock that was recorded until a time. recorded_at rises with
-- seq, which has no gaps: a binary search finds it with a few index probes, and the ledger needs no
-- index on time that each movement would pay for.

CREATE FUNCTION private.seq_at(
    p_yacht_id uuid,
    p_stock_id uuid,
    p_at       timestamptz
)
    RETURNS integer
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_low    integer := 0;
    v_high   integer;
    v_middle integer;
    v_at     timestamptz;
BEGIN
    SELECT t.seq, t.recorded_at
    INTO v_high, v_at
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = p_yacht_id
      AND t.stock_id = p_stock_id
    ORDER BY t.seq DESC
    LIMIT 1;
    IF v_high IS NULL OR v_at <= p_at THEN
        RETURN coalesce(v_high, 0);
    END IF;

    -- Recorded until then: v_low; after it: v_high.
    WHILE v_high - v_low > 1 LOOP
        v_middle := v_low + (v_high - v_low) / 2;
        SELECT t.recorded_at
        INTO STRICT v_at
        FROM public.pms_inventory_transactions AS t
        WHERE t.yacht_id = p_yacht_id
          AND t.stock_id = p_stock_id
          AND t.seq = v_middle;
        IF v_at <= p_at THEN
            v_low := v_middle;
        ELSE
            v_high := v_middle;
        END IF;
    END LOOP;
    RETURN v_low;
END
$function$;

ALTER FUNCTION private.seq_at(uuid, uuid, timestamptz) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.seq_at(uuid, uuid, timestamptz) IS
    'seq of the last movement of a stock with recorded_at <= p_at; 0 when there is none.';
REVOKE ALL ON FUNCTION private.seq_at(uuid, uuid, timestamptz)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.movements_of: a page of the movements of some stocks, newest first. The balance over all of
-- them runs backwards from what is on hand now; the cursor takes it along to the next page.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.movements_of(
    p_yacht_id uuid,
    p_stocks   uuid[],
    p_position text[],
    p_limit    integer
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        WITH start (at, stock_id, seq, balance) AS (
            SELECT
                timestamptz 'epoch' + p_position[1]::bigint * interval '1 microsecond',
                p_position[2]::uuid,
                p_position[3]::integer,
                coalesce(p_position[4]::bigint, (
                    SELECT sum(v.newest_on_hand_after)
                    FROM public.v_stock_from_transactions AS v
                    WHERE v.yacht_id = p_yacht_id
                      AND v.stock_id = ANY (p_stocks)))
        ),
        page AS (
            SELECT t.*
            FROM start
            CROSS JOIN unnest(p_stocks) AS s (stock_id)
            CROSS JOIN LATERAL (
                SELECT t.*
                FROM public.pms_inventory_transactions AS t
                WHERE t.yacht_id = p_yacht_id
                  AND t.stock_id = s.stock_id
                  AND t.seq <= CASE
                      WHEN start.at IS NULL THEN 2147483647
                      WHEN s.stock_id = start.stock_id THEN start.seq - 1
                      ELSE private.seq_at(p_yacht_id, s.stock_id, start.at)
                  END
                  AND (start.at IS NULL
                       OR (t.recorded_at, t.stock_id, t.seq) < (start.at, start.stock_id, start.seq))
                ORDER BY t.seq DESC
                LIMIT p_limit
            ) AS t
            ORDER BY t.recorded_at DESC, t.stock_id DESC, t.seq DESC
            LIMIT p_limit
        ),
        balanced AS (
            SELECT
                page.*,
                start.balance - coalesce(sum(page.quantity_change) OVER (
                    ORDER BY page.recorded_at DESC, page.stock_id DESC, page.seq DESC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS balance
            FROM page, start
        )
        SELECT coalesce(jsonb_agg(
            jsonb_build_object(
                'transaction_id', b.transaction_id,
                'stock_id', b.stock_id,
                'seq', b.seq,
                'transaction_type', b.transaction_type,
                'on_hand_before', b.on_hand_before,
                'quantity_change', b.quantity_change,
                'on_hand_after', b.on_hand_after,
                'running_balance', b.balance,
                'recorded_at', b.recorded_at,
                'occurred_at', b.occurred_at,
                'actor_id', b.actor_id,
                'actor_role', b.actor_role,
                'counterpart_id', b.counterpart_id,
                'usage_id', b.usage_id,
                'reverses_transaction_id', b.reverses_transaction_id,
                'is_signed', b.signature_id IS NOT NULL,
                'reason', b.reason,
                'notes', b.notes,
                'metadata', b.metadata,
                'cursor', private.encode_cursor(
                    (extract(epoch FROM b.recorded_at) * 1000000)::bigint::text,
                    b.stock_id::text, b.seq::text, (b.balance - b.quantity_change)::text))
            ORDER BY b.recorded_at DESC, b.stock_id DESC, b.seq DESC), '[]')
        FROM balanced AS b
    );
END
$function$;

ALTER FUNCTION private.movements_of(uuid, uuid[], text[], integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.movements_of(uuid, uuid[], text[], integer) IS
    'Movements of the stocks after p_position (a decoded cursor; NULL: from the newest), with the running balance of all of them.';
REVOKE ALL ON FUNCTION private.movements_of(uuid, uuid[], text[], integer)
    FROM PUBLIC, anon, authenticated, service_role;

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

COMMIT;
