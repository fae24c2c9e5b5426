-- Deploy part_lens_tenant:canary_rpcs to pg
-- requires: canary_decisions
-- requires: reason_error

BEGIN;

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
    'Records what a gateway answered from p_started_at to p_ended_at. p_actions: by function {"statuses": {"200": calls, "aborted": calls}, "codes": {code: calls}, "latency": [calls per bucket]}; p_latency_bounds: the upper bounds of the buckets in ms; p_is_last: the instance ends. For a service.';
REVOKE ALL ON FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean) TO service_role;

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
    'Decides whether the ramp of part_lens_v2 goes on, stays or falls back, does it, and answers with the decision and its numbers. For a service.';
REVOKE ALL ON FUNCTION public.evaluate_canary() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.evaluate_canary() TO service_role;

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
    'Sets the percentage of yachts that part_lens_v2 is switched on for, with a reason. p_enabled false: for none; p_watched false: the windows of gateways do not move it from here on. For a service.';
REVOKE ALL ON FUNCTION public.set_canary(integer, text, boolean, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.set_canary(integer, text, boolean, boolean) TO service_role;

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

COMMIT;
