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
