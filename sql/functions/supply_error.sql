-- private.supply_error: what is wrong with the supplier or the reference of an order or a delivery.

CREATE FUNCTION private.supply_error(
    p_supplier  text,
    p_reference text
)
    RETURNS jsonb
    LANGUAGE sql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN length(p_supplier) NOT BETWEEN 1 AND 200 THEN
            '{"argument": "p_supplier", "reason": "does not have 1 to 200 characters"}'::jsonb
        WHEN length(p_reference) NOT BETWEEN 1 AND 200 THEN
            '{"argument": "p_reference", "reason": "does not have 1 to 200 characters"}'
    END
$function$;

ALTER FUNCTION private.supply_error(text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.supply_error(text, text) IS
    '{"argument", "reason"} of a supplier or reference that cannot be; NULL when both can, or none was given.';
REVOKE ALL ON FUNCTION private.supply_error(text, text) FROM PUBLIC, anon, authenticated, service_role;
