-- private.units: the units in which parts are counted. Quantities are whole numbers of them.

CREATE FUNCTION private.units()
    RETURNS text[]
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY['pcs', 'set', 'pair', 'kit', 'box', 'pack', 'roll', 'can', 'bottle', 'tin', 'tube',
                 'bag', 'drum', 'l', 'ml', 'kg', 'g', 'm']
$function$;

ALTER FUNCTION private.units() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.units() IS 'The known units of parts.';
REVOKE ALL ON FUNCTION private.units() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION private.units() TO pms_owner;
