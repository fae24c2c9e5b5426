-- report_canary_window: a gateway says what it saw in a window of time.
--
-- Called by  service_role.
-- Refuses    400 invalid_argument.
-- A window that was reported before changes nothing: a gateway that heard no answer sends it again. What
-- is alarming, or reported half a minute after the last decision, is decided upon at once: no ramp waits
-- for a job.

CREATE OR REPLACE FUNCTION public.report_canary_window(
    p_instance_id    uuid        DEFAULT NULL,
    p_started_at     timestamptz DEFAULT NULL,
    p_ended_at       timestamptz DEFAULT NULL,
    p_latency_bounds integer[]   DEFAULT NULL,
    p_actions        jsonb       DEFAULT NULL,
    p_is_last        boolean     DEFAULT false
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now      timestamptz := clock_timestamp();
    v_wrong    text;
    v_decision private.canary_decisions;
BEGIN
    IF p_instance_id IS NULL OR p_started_at IS NULL OR p_ended_at IS NULL OR p_actions IS NULL THEN
        RETURN private.refuse_service(
            CASE
                WHEN p_instance_id IS NULL THEN 'p_instance_id'
                WHEN p_started_at IS NULL THEN 'p_started_at'
                WHEN p_ended_at IS NULL THEN 'p_ended_at'
                ELSE 'p_actions'
            END, 'is null');
    ELSIF p_ended_at <= p_started_at OR p_ended_at > p_started_at + interval '10 minutes' THEN
        RETURN private.refuse_service('p_ended_at', 'is not within 10 minutes of p_started_at');
    ELSIF p_ended_at > v_now + interval '1 minute' THEN
        RETURN private.refuse_service('p_ended_at', 'is in the future');
    ELSIF p_latency_bounds IS DISTINCT FROM private.latency_bounds() THEN
        RETURN private.refuse_service('p_latency_bounds', 'are not those of this database');
    END IF;
    v_wrong := private.record_window(
        p_instance_id, p_started_at, p_ended_at, p_actions, coalesce(p_is_last, false));
    IF v_wrong IS NOT NULL THEN
        RETURN private.refuse_service('p_actions', v_wrong);
    END IF;

    IF EXISTS (
        SELECT
        FROM private.canary_windows AS w
        WHERE w.instance_id = p_instance_id
          AND w.started_at = p_started_at
          AND (w.errors > 0 OR w.violations > 0)
    ) OR NOT EXISTS (
        SELECT
        FROM private.canary_decisions AS d
        WHERE d.newest_at > v_now - interval '30 seconds'
    ) THEN
        v_decision := private.evaluate_canary(v_now);
    END IF;
    RETURN jsonb_build_object(
        'success', true,
        'action', 'report_canary_window',
        'decision', v_decision.decision,
        'cause', v_decision.cause);
END
$function$;

ALTER FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean) IS
    'Records what a gateway answered from p_started_at to p_ended_at. For a service.

p_instance_id: one run of one gateway.
p_started_at, p_ended_at: the window, at most 10 minutes.
p_latency_bounds: the upper bounds of the buckets in ms; must be those of this database.
p_actions: by function {"statuses": {"200": calls, "aborted": calls}, "codes": {code: calls}, "latency": [calls per bucket]}.
p_is_last: the instance ends, so that no window follows is no gap.

Requires p_instance_id, p_started_at, p_ended_at, p_latency_bounds, p_actions
Answers 200 {"success": "boolean", "action": "text", "decision": "text?", "cause": "text?"}
Refuses 400 invalid_argument';
REVOKE ALL ON FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean) TO service_role;
