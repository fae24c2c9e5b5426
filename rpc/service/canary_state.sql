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
    'Tells where part_lens_v2 stands: percentage, soak, figures, criteria, yachts in and out, and the last decisions with their numbers. For a service.

p_decisions: how many, 0 to 500, newest first.

Answers 200 {"flag_name": "text", "enabled": "boolean", "canary_percentage": "integer", "updated_at": "timestamptz", "is_watched": "boolean", "fell_back": "boolean", "soak_ends_at": "timestamptz", "next_percentage": "integer?", "min_calls": "integer", "gap": "text?", "figures": "jsonb", "criteria": [{"measure": "text", "figure": "numeric?", "comparison": "text", "threshold": "numeric", "is_judged": "boolean", "holds": "boolean?"}], "yachts": [{"yacht_id": "uuid", "name": "text", "bucket": "integer", "is_in": "boolean"}], "decisions": "jsonb"}';
REVOKE ALL ON FUNCTION public.canary_state(integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.canary_state(integer) TO service_role;
