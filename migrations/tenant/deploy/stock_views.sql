-- Deploy part_lens_tenant:stock_views to pg
-- requires: pms_inventory_transactions

BEGIN;

-- v_stock_from_transactions: what the ledger says of each stock, beside the cache. Scalar subqueries:
-- who does not read on_hand does not pay for the SUM, because the planner drops it.
--
-- The newest movement is sought from the hint on, which spares reading the index page from its start; a
-- hint that is too low finds it all the same, and one that is too high finds nothing, which is when it is
-- sought without.

CREATE VIEW public.v_stock_from_transactions
    WITH (security_invoker = true)
AS
SELECT
    v.yacht_id,
    v.stock_id,
    v.part_id,
    v.location_id,
    v.on_hand,
    v.newest_on_hand_after,
    v.cached_quantity,
    CASE
        WHEN v.on_hand = v.newest_on_hand_after
         AND v.on_hand = v.cached_quantity
        THEN 'OK'
        ELSE 'DRIFT'
    END AS reconciliation_status
FROM (
    SELECT
        s.yacht_id,
        s.stock_id,
        s.part_id,
        s.location_id,
        (
            SELECT COALESCE(SUM(t.quantity_change), 0)::integer
            FROM public.pms_inventory_transactions AS t
            WHERE t.yacht_id = s.yacht_id
              AND t.stock_id = s.stock_id
        ) AS on_hand,
        COALESCE((
            SELECT t.on_hand_after
            FROM public.pms_inventory_transactions AS t
            WHERE t.yacht_id = s.yacht_id
              AND t.stock_id = s.stock_id
              AND t.seq >= s.newest_seq
            ORDER BY t.seq DESC
            LIMIT 1
        ), (
            SELECT t.on_hand_after
            FROM public.pms_inventory_transactions AS t
            WHERE t.yacht_id = s.yacht_id
              AND t.stock_id = s.stock_id
            ORDER BY t.seq DESC
            LIMIT 1
        ), 0) AS newest_on_hand_after,
        s.quantity AS cached_quantity
    FROM public.pms_inventory_stock AS s
) AS v;

CREATE TRIGGER t10_read_only
    INSTEAD OF INSERT OR UPDATE OR DELETE ON public.v_stock_from_transactions
    FOR EACH ROW
    EXECUTE FUNCTION private.refuse_change();

ALTER VIEW public.v_stock_from_transactions OWNER TO pms_owner;
COMMENT ON VIEW public.v_stock_from_transactions IS
    'Per stock: the sum of its movements, the newest on_hand_after, the cached quantity, and whether the three agree (OK, DRIFT).';
REVOKE ALL ON TABLE public.v_stock_from_transactions FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.v_stock_from_transactions TO authenticated, pms_rpc;

-- pms_part_stock: one row per part, active or not. Reads the newest movement of each stock, in constant time.

CREATE VIEW public.pms_part_stock
    WITH (security_invoker = true)
AS
SELECT
    p.yacht_id,
    p.part_id,
    p.name AS part_name,
    p.part_number,
    COALESCE((
        SELECT SUM(v.newest_on_hand_after)
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p.yacht_id
          AND v.part_id = p.part_id
    ), 0) AS on_hand,
    p.min_level,
    s.stock_id,
    l.location_id,
    l.name AS location_name
FROM public.pms_parts AS p
LEFT JOIN public.pms_part_locations AS l
    ON l.yacht_id = p.yacht_id
   AND l.location_id = p.primary_location_id
LEFT JOIN public.v_stock_from_transactions AS s
    ON s.yacht_id = p.yacht_id
   AND s.part_id = p.part_id
   AND s.location_id = p.primary_location_id;

CREATE TRIGGER t10_read_only
    INSTEAD OF INSERT OR UPDATE OR DELETE ON public.pms_part_stock
    FOR EACH ROW
    EXECUTE FUNCTION private.refuse_change();

ALTER VIEW public.pms_part_stock OWNER TO pms_owner;
COMMENT ON VIEW public.pms_part_stock IS
    'Per part: what is on hand over all its stocks, its minimum, and the stock and location that are meant when a call names none.';
REVOKE ALL ON TABLE public.pms_part_stock FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pms_part_stock TO authenticated, pms_rpc;

-- pms_stock_by_location: one row per stock.

CREATE VIEW public.pms_stock_by_location
    WITH (security_invoker = true)
AS
SELECT
    s.yacht_id,
    s.stock_id,
    s.location_id,
    l.name AS location_name,
    s.part_id,
    p.part_number,
    p.name AS part_name,
    p.unit,
    s.newest_on_hand_after AS on_hand,
    s.location_id IS NOT DISTINCT FROM p.primary_location_id AS is_primary
FROM public.v_stock_from_transactions AS s
JOIN public.pms_parts AS p
    ON p.yacht_id = s.yacht_id
   AND p.part_id = s.part_id
JOIN public.pms_part_locations AS l
    ON l.yacht_id = s.yacht_id
   AND l.location_id = s.location_id;

CREATE TRIGGER t10_read_only
    INSTEAD OF INSERT OR UPDATE OR DELETE ON public.pms_stock_by_location
    FOR EACH ROW
    EXECUTE FUNCTION private.refuse_change();

ALTER VIEW public.pms_stock_by_location OWNER TO pms_owner;
COMMENT ON VIEW public.pms_stock_by_location IS 'Per part and location: what is on hand there.';
REVOKE ALL ON TABLE public.pms_stock_by_location FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pms_stock_by_location TO authenticated, pms_rpc;

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

COMMIT;
