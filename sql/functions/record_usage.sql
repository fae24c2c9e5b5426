-- private.record_usage: what a consumption was for, after its movement. The movement names the usage
-- by a deferred foreign key.

CREATE FUNCTION private.record_usage(
    p_call       private.rpc_call,
    p_usage_id   uuid,
    p_stock_id   uuid,
    p_part_id    uuid,
    p_quantity   integer,
    p_work_order text,
    p_equipment  text
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.pms_part_usage
        (yacht_id, usage_id, stock_id, part_id, quantity, quantity_change, work_order, equipment,
         used_by, used_at)
    VALUES
        (p_call.yacht_id, p_usage_id, p_stock_id, p_part_id, p_quantity, -p_quantity, p_work_order,
         p_equipment, p_call.actor_id, coalesce(p_call.occurred_at, now()));
END
$function$;

ALTER FUNCTION private.record_usage(private.rpc_call, uuid, uuid, uuid, integer, text, text)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION private.record_usage(private.rpc_call, uuid, uuid, uuid, integer, text, text) IS
    'Writes what a consumption was for: a work order, an equipment, or both.';
REVOKE ALL ON FUNCTION private.record_usage(private.rpc_call, uuid, uuid, uuid, integer, text, text)
    FROM PUBLIC, anon, authenticated, service_role;
