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
