-- release_readiness: may v1 be retired?
--
-- Called by  service_role.

CREATE OR REPLACE FUNCTION public.release_readiness()
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_agg(to_jsonb(c))
    FROM private.release_readiness(clock_timestamp()) AS c
$function$;

ALTER FUNCTION public.release_readiness() OWNER TO pms_rpc;
COMMENT ON FUNCTION public.release_readiness() IS
    'Tells what must be before v1 is retired, one row per criterion: figure, threshold, and the verdict pass, fail or not enough data. For a service.

Answers 200 [{"criterion": "text", "figure": "numeric?", "threshold": "text", "verdict": "text", "description": "text"}]';
REVOKE ALL ON FUNCTION public.release_readiness() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.release_readiness() TO service_role;
