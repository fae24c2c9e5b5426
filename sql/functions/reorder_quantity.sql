-- private.reorder_quantity: how much to order of a part that is low.

CREATE FUNCTION private.reorder_quantity(
    p_min_level integer,
    p_max_level integer,
    p_on_hand   bigint,
    p_on_order  bigint
)
    RETURNS bigint
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT greatest(coalesce(p_max_level, 2 * p_min_level) - p_on_hand - p_on_order, 0)
$function$;

ALTER FUNCTION private.reorder_quantity(integer, integer, bigint, bigint) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.reorder_quantity(integer, integer, bigint, bigint) IS
    'Units to order: up to max_level, or twice min_level, less what is on hand and on order; at least 0.';
REVOKE ALL ON FUNCTION private.reorder_quantity(integer, integer, bigint, bigint)
    FROM PUBLIC, anon, authenticated, service_role;
