-- private.return_delivery: an item of the shopping list after one of its deliveries was reversed: what
-- has arrived is what the ledger still says, and the rest is on order again. The caller holds the item.

CREATE FUNCTION private.return_delivery(
    p_yacht_id uuid,
    p_item_id  uuid
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE public.pms_shopping_list_items AS i
    SET status = 'ordered',
        quantity_received = d.quantity,
        received_at = d.newest[1].recorded_at,
        received_transaction_id = d.newest[1].transaction_id
    FROM (
        SELECT coalesce(sum(t.quantity_change), 0)::integer AS quantity,
               array_agg(t ORDER BY t.recorded_at DESC, t.transaction_id DESC) AS newest
        FROM public.pms_inventory_transactions AS t
        WHERE t.yacht_id = p_yacht_id
          AND t.item_id = p_item_id
          AND NOT EXISTS (
              SELECT
              FROM public.pms_inventory_transactions AS r
              WHERE r.yacht_id = t.yacht_id
                AND r.reverses_transaction_id = t.transaction_id)
    ) AS d
    WHERE i.yacht_id = p_yacht_id
      AND i.item_id = p_item_id;
END
$function$;

ALTER FUNCTION private.return_delivery(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.return_delivery(uuid, uuid) IS
    'Puts an item back on order as far as its deliveries are reversed.';
REVOKE ALL ON FUNCTION private.return_delivery(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
