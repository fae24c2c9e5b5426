-- Deploy part_lens_tenant:reconciliation to pg
-- requires: service_reads

BEGIN;

-- reconciliations: each run of private.reconcile. It repairs what it finds, so what was found is kept
-- here: the ramp and the release look at it.

CREATE TABLE private.reconciliations (
    reconciliation_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    ran_at            timestamptz NOT NULL,
    stocks            bigint      NOT NULL,
    drifting          bigint      NOT NULL,
    repaired          bigint      NOT NULL,
    CONSTRAINT reconciliations_pkey PRIMARY KEY (reconciliation_id),
    CONSTRAINT repaired_are_of_those_that_drift CHECK (
        stocks >= drifting AND drifting >= repaired AND repaired >= 0)
);

-- Serves "since when".
CREATE INDEX reconciliations_by_time ON private.reconciliations (ran_at);

ALTER TABLE private.reconciliations OWNER TO pms_owner;
COMMENT ON TABLE private.reconciliations IS 'How many stocks were compared with the ledger, and what was found.';
COMMENT ON SEQUENCE private.reconciliations_reconciliation_id_seq IS 'The order of the runs.';
COMMENT ON COLUMN private.reconciliations.stocks IS 'Stocks that were looked at.';
COMMENT ON COLUMN private.reconciliations.drifting IS 'Those that disagreed with the ledger.';
COMMENT ON COLUMN private.reconciliations.repaired IS 'Those whose cache was put right.';
REVOKE ALL ON TABLE private.reconciliations FROM PUBLIC, anon, authenticated, service_role;

-- reconciliations: written and read by calls of a service.

ALTER TABLE private.reconciliations ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.reconciliations FORCE ROW LEVEL SECURITY;

-- A call of a service looks at what was found.
CREATE POLICY select_service ON private.reconciliations
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

-- A call of a service reconciles.
CREATE POLICY insert_service ON private.reconciliations
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (current_setting('role') = 'service_role');

-- No UPDATE and no DELETE: what was found stays.
GRANT SELECT, INSERT ON TABLE private.reconciliations TO pms_rpc;

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

    INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
    VALUES (p_now, v_stocks, v_drifting, v_repaired);
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

-- reconcile: compare the stocks with the ledger and put their caches right.
--
-- Called by  service_role.

CREATE OR REPLACE FUNCTION public.reconcile(p_yacht_id uuid DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('success', true, 'action', 'reconcile')
        || private.reconcile(clock_timestamp(), p_yacht_id)
$function$;

ALTER FUNCTION public.reconcile(uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.reconcile(uuid) IS
    'Compares every stock (p_yacht_id: of one yacht) with the ledger and puts cached quantities right, on record. Says how many stocks it looked at, how many drifted and how many it repaired. For a service.';
REVOKE ALL ON FUNCTION public.reconcile(uuid) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.reconcile(uuid) TO service_role;

COMMIT;
