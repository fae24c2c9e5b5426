-- canary_state: where the ramp stands, and why.
--
-- Called by  service_role.

CREATE OR REPLACE FUNCTION public.canary_state(p_decisions integer DEFAULT 10)
    RETURNS jsonb
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT private.canary_state(
        clock_timestamp(), least(greatest(coalesce(p_decisions, 10), 0), 500))
$function$;

ALTER FUNCTION public.canary_state(integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.canary_state(integer) IS
    'The flag part_lens_v2: percentage, soak, figures, criteria, yachts in and out, and its last p_decisions (0 to 500) decisions with their numbers. For a service.';
REVOKE ALL ON FUNCTION public.canary_state(integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.canary_state(integer) TO service_role;
