-- set_canary: an operator sets the percentage of yachts that are in: starts the ramp, stops it, or lets
-- it go on after it fell back.
--
-- Called by  service_role.
-- Refuses    400 invalid_argument.

CREATE OR REPLACE FUNCTION public.set_canary(
    p_percentage integer DEFAULT NULL,
    p_reason     text    DEFAULT NULL,
    p_enabled    boolean DEFAULT true,
    p_watched    boolean DEFAULT true
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_percentage IS NULL OR p_percentage NOT BETWEEN 0 AND 100 THEN
        RETURN private.refuse_service('p_percentage', 'is not a number from 0 to 100');
    ELSIF p_reason IS NULL OR private.reason_error(p_reason) IS NOT NULL THEN
        RETURN private.refuse_service(
            'p_reason', coalesce(private.reason_error(p_reason) ->> 'reason', 'is null'));
    ELSIF p_enabled IS NULL OR p_watched IS NULL THEN
        RETURN private.refuse_service(
            CASE WHEN p_enabled IS NULL THEN 'p_enabled' ELSE 'p_watched' END, 'is null');
    END IF;
    RETURN (
        SELECT jsonb_build_object('success', true, 'action', 'set_canary') || to_jsonb(d)
        FROM private.set_canary(
            clock_timestamp(), p_percentage, p_reason, p_enabled, p_watched) AS d);
END
$function$;

ALTER FUNCTION public.set_canary(integer, text, boolean, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.set_canary(integer, text, boolean, boolean) IS
    'Sets the percentage of yachts that part_lens_v2 is switched on for, with a reason. For a service.

p_percentage: 0 to 100; yachts whose place is under it are in.
p_reason: why; up to 2000 characters, kept with the decision.
p_enabled: false: no yacht is in.
p_watched: false: the windows of gateways do not move it from here on.

Requires p_percentage, p_reason
Answers 200 {"success": "boolean", "action": "text", "flag_name": "text", "decision_id": "bigint", "decision": "text", "cause": "text", "failed": ["text"], "percentage_before": "integer", "percentage_after": "integer", "figures": "jsonb", "reason": "text?", "actor": "text", "is_watched": "boolean", "decided_at": "timestamptz", "newest_at": "timestamptz", "evaluations": "integer"}
Refuses 400 invalid_argument';
REVOKE ALL ON FUNCTION public.set_canary(integer, text, boolean, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.set_canary(integer, text, boolean, boolean) TO service_role;
