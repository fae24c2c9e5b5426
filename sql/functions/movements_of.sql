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
