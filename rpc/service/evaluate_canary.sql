-- evaluate_canary: decide now whether the ramp goes on, stays or falls back.
--
-- Called by  service_role.

CREATE OR REPLACE FUNCTION public.evaluate_canary()
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('success', true, 'action', 'evaluate_canary') || to_jsonb(d)
    FROM private.evaluate_canary(clock_timestamp()) AS d
$function$;

ALTER FUNCTION public.evaluate_canary() OWNER TO pms_rpc;
COMMENT ON FUNCTION public.evaluate_canary() IS
    'Decides whether the ramp of part_lens_v2 goes on, stays or falls back, does it, and answers with the decision and its numbers. For a service.

Answers 200 {"success": "boolean", "action": "text", "flag_name": "text", "decision_id": "bigint", "decision": "text", "cause": "text", "failed": ["text"], "percentage_before": "integer", "percentage_after": "integer", "figures": "jsonb", "reason": "text?", "actor": "text", "is_watched": "boolean", "decided_at": "timestamptz", "newest_at": "timestamptz", "evaluations": "integer"}';
REVOKE ALL ON FUNCTION public.evaluate_canary() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.evaluate_canary() TO service_role;
