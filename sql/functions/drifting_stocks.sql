-- private.drifting_stocks: has the cache of any stock left the ledger since a time? What reconciliations
-- found since then, and what is to be seen now: the cache beside the newest movement, which costs the
-- same for a long ledger as for a short one. (That the newest movement is the sum of all is held by
-- constraints, and compared by private.reconcile.)
--
-- In a call of a service row security shows one yacht at a time; see private.open_call.

CREATE FUNCTION private.drifting_stocks(p_since timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_yacht_id uuid;
    v_drifting bigint;
    v_now      bigint := 0;
    v_before   bigint;
BEGIN
    FOR v_yacht_id IN
        SELECT y.yacht_id
        FROM public.yacht_registry AS y
    LOOP
        PERFORM set_config('part_lens.yacht_id', v_yacht_id::text, true);
        SELECT count(*)
        INTO v_drifting
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = v_yacht_id
          AND v.cached_quantity <> v.newest_on_hand_after;
        v_now := v_now + v_drifting;
    END LOOP;
    PERFORM set_config('part_lens.yacht_id', '', true);

    SELECT coalesce(max(r.drifting), 0)
    INTO v_before
    FROM private.reconciliations AS r
    WHERE r.ran_at >= p_since;
    RETURN greatest(v_now, v_before);
END
$function$;

ALTER FUNCTION private.drifting_stocks(timestamptz) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.drifting_stocks(timestamptz) IS
    'Stocks whose cache disagrees with the ledger now, or the most that a reconciliation since p_since found.';
REVOKE ALL ON FUNCTION private.drifting_stocks(timestamptz) FROM PUBLIC, anon, authenticated, service_role;
