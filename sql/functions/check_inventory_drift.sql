-- private.check_inventory_drift: stocks on which the sum of the movements, the newest movement and the
-- cache disagree. Runs with the rights of the caller: the deployer, who sees every row.

CREATE FUNCTION private.check_inventory_drift(p_yacht_id uuid DEFAULT NULL)
    RETURNS TABLE (
        yacht_id             uuid,
        stock_id             uuid,
        part_id              uuid,
        on_hand              integer,
        newest_on_hand_after integer,
        cached_quantity      integer
    )
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT v.yacht_id, v.stock_id, v.part_id, v.on_hand, v.newest_on_hand_after, v.cached_quantity
    FROM public.v_stock_from_transactions AS v
    WHERE v.reconciliation_status = 'DRIFT'
      AND (p_yacht_id IS NULL OR v.yacht_id = p_yacht_id)
$function$;

ALTER FUNCTION private.check_inventory_drift(uuid) OWNER TO pms_owner;
COMMENT ON FUNCTION private.check_inventory_drift(uuid) IS
    'One row per stock where the sum of the movements, the newest on_hand_after and the cache disagree; p_yacht_id: only that yacht.';
REVOKE ALL ON FUNCTION private.check_inventory_drift(uuid)
    FROM PUBLIC, anon, authenticated, service_role;
