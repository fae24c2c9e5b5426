-- private.shopping_by_part: what the shopping list holds of each part: on order is what was approved
-- and has not arrived; what is merely requested stands apart.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.shopping_by_part(
    p_yacht_id uuid,
    p_part_ids uuid[]
)
    RETURNS TABLE (
        part_id   uuid,
        on_order  bigint,
        requested bigint
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT
        i.part_id,
        coalesce(sum(i.quantity - i.quantity_received)
            FILTER (WHERE i.status IN ('approved', 'ordered')), 0)::bigint,
        coalesce(sum(i.quantity) FILTER (WHERE i.status = 'requested'), 0)::bigint
    FROM public.pms_shopping_list_items AS i
    WHERE i.yacht_id = p_yacht_id
      AND i.part_id = ANY (p_part_ids)
      AND i.status IN ('requested', 'approved', 'ordered')
    GROUP BY i.part_id;
END
$function$;

ALTER FUNCTION private.shopping_by_part(uuid, uuid[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.shopping_by_part(uuid, uuid[]) IS
    'Units on order and units requested of each of the parts that is on the shopping list.';
REVOKE ALL ON FUNCTION private.shopping_by_part(uuid, uuid[])
    FROM PUBLIC, anon, authenticated, service_role;
