-- private.reconcile: compare every stock with the ledger, and put caches right. Nothing else: the ledger
-- is what is true, and where its newest movement is not the sum of all (which constraints rule out), a
-- person has to look.
--
-- Lock, look and repair in this order: what is seen before the lock may be old by then. Each repair is an
-- audit row of its yacht; each run is a row of private.reconciliations.

CREATE FUNCTION private.reconcile_yacht(p_yacht_id uuid)
    RETURNS TABLE (
        stocks   bigint,
        drifting bigint,
        repaired bigint
    )
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_suspects uuid[];
BEGIN
    -- Row security shows a call of a service the yacht that is open.
    PERFORM set_config('part_lens.yacht_id', p_yacht_id::text, true);
    SELECT count(*) INTO stocks
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id;
    v_suspects := ARRAY(
        SELECT v.stock_id
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
          AND v.reconciliation_status = 'DRIFT');

    PERFORM s.stock_id
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id
      AND s.stock_id = ANY (v_suspects)
    ORDER BY s.stock_id
    FOR UPDATE;

    WITH drift AS (
        SELECT v.stock_id, v.on_hand, v.newest_on_hand_after, v.cached_quantity
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
          AND v.stock_id = ANY (v_suspects)
          AND v.reconciliation_status = 'DRIFT'
    ),
    repair AS (
        UPDATE public.pms_inventory_stock AS s
        SET quantity = d.newest_on_hand_after,
            -- Where to begin to look for the newest movement: from the start is never wrong.
            newest_seq = 0
        FROM drift AS d
        WHERE s.yacht_id = p_yacht_id
          AND s.stock_id = d.stock_id
          AND d.on_hand = d.newest_on_hand_after
        RETURNING s.stock_id
    ),
    record AS (
        INSERT INTO public.pms_audit_log
            (yacht_id, audit_id, action, entity_type, entity_id, outcome, metadata)
        SELECT p_yacht_id, private.uuid_v7(), 'reconcile', 'stock', d.stock_id, 'ok',
               jsonb_build_object(
                   'source', 'part_lens', 'lens', 'stock', 'cached_quantity', d.cached_quantity,
                   'on_hand', d.on_hand)
        FROM repair AS r
        JOIN drift AS d ON d.stock_id = r.stock_id
    )
    SELECT (SELECT count(*) FROM drift), (SELECT count(*) FROM repair)
    INTO drifting, repaired;
    RETURN NEXT;
END
$function$;

ALTER FUNCTION private.reconcile_yacht(uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.reconcile_yacht(uuid) IS
    'Puts the cached quantities of a yacht right; returns how many stocks it looked at, how many drifted and how many it repaired.';
REVOKE ALL ON FUNCTION private.reconcile_yacht(uuid) FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.reconcile(
    p_now      timestamptz,
    p_yacht_id uuid DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_yacht_id uuid;
    v_one      record;
    v_yachts   bigint := 0;
    v_stocks   bigint := 0;
    v_drifting bigint := 0;
    v_repaired bigint := 0;
BEGIN
    -- In one order, so that two runs at once do not wait for each other's stocks.
    FOR v_yacht_id IN
        SELECT y.yacht_id
        FROM public.yacht_registry AS y
        WHERE p_yacht_id IS NULL
           OR y.yacht_id = p_yacht_id
        ORDER BY y.yacht_id
    LOOP
        SELECT r.stocks, r.drifting, r.repaired INTO v_one
        FROM private.reconcile_yacht(v_yacht_id) AS r;
        v_yachts := v_yachts + 1;
        v_stocks := v_stocks + v_one.stocks;
        v_drifting := v_drifting + v_one.drifting;
        v_repaired := v_repaired + v_one.repaired;
    END LOOP;
    PERFORM set_config('part_lens.yacht_id', '', true);

    INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired, is_whole)
    VALUES (p_now, v_stocks, v_drifting, v_repaired, p_yacht_id IS NULL);
    RETURN jsonb_build_object(
        'yachts', v_yachts,
        'stocks', v_stocks,
        'drifting', v_drifting,
        'repaired', v_repaired,
        'verdict', CASE
            WHEN v_stocks = 0 THEN 'not enough data'
            WHEN v_drifting = 0 THEN 'pass'
            ELSE 'fail'
        END);
END
$function$;

ALTER FUNCTION private.reconcile(timestamptz, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.reconcile(timestamptz, uuid) IS
    'Compares all stocks (p_yacht_id: of one yacht) with the ledger and puts cached quantities right; returns what it looked at and found. Without any stock: not enough data.';
REVOKE ALL ON FUNCTION private.reconcile(timestamptz, uuid) FROM PUBLIC, anon, authenticated, service_role;
