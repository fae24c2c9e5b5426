-- private.part_on_hand: what is on hand of a part over all its stocks, from the newest movements.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.part_on_hand(
    p_yacht_id uuid,
    p_part_id  uuid
)
    RETURNS bigint
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(sum(v.newest_on_hand_after), 0)
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
          AND v.part_id = p_part_id
    );
END
$function$;

ALTER FUNCTION private.part_on_hand(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.part_on_hand(uuid, uuid) IS 'Units on hand of a part over all its stocks.';
REVOKE ALL ON FUNCTION private.part_on_hand(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
