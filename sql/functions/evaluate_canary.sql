-- private.evaluate_canary: shall a flag go on, stay, or fall back? The clock is an argument.
--
--   alarm        any figure of the last minutes is out of bounds: back to 0
--   criterion    any figure of this step is: back to the step before
--   holds        nobody asked for it (not_watched, disabled, at_zero), it fell back and stays until it
--                is set again (fell_back), or it is not proven: soak, gap, too_few_calls; complete at 100
--   passed       on to the next step
--
-- The row of the flag is the lock: of two at once the second finds the step begun by the first.

CREATE FUNCTION private.evaluate_canary(
    p_now       timestamptz,
    p_flag_name text DEFAULT 'part_lens_v2'
)
    RETURNS private.canary_decisions
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_flag    public.feature_flags;
    v_step    private.canary_steps;
    v_newest  record;
    v_alarm   jsonb;
    v_figures jsonb;
    v_fired   text[];
    v_failed  text[];
    v_gap     tstzrange;
    v_cause   text;
    v_after   integer;
BEGIN
    SELECT f.* INTO STRICT v_flag
    FROM public.feature_flags AS f
    WHERE f.flag_name = p_flag_name
    FOR UPDATE;
    SELECT s.* INTO STRICT v_step
    FROM private.canary_steps AS s
    WHERE s.percentage <= v_flag.canary_percentage
    ORDER BY s.percentage DESC
    LIMIT 1;
    -- What moved the flag last, or forbade that it moves.
    SELECT d.decision, d.is_watched INTO v_newest
    FROM private.canary_decisions AS d
    WHERE d.flag_name = p_flag_name
      AND d.decision <> 'hold'
    ORDER BY d.decision_id DESC
    LIMIT 1;

    v_cause := CASE
        WHEN v_newest.is_watched IS NOT TRUE THEN 'not_watched'
        WHEN NOT v_flag.enabled THEN 'disabled'
        WHEN v_flag.canary_percentage = 0 AND v_newest.decision = 'fall_back' THEN 'fell_back'
        WHEN v_flag.canary_percentage = 0 THEN 'at_zero'
    END;
    IF v_cause IS NOT NULL THEN
        RETURN private.record_decision(
            p_flag_name, p_now, 'hold', v_cause, v_flag.canary_percentage,
            v_flag.canary_percentage, '{}', p_watched => v_newest.is_watched IS TRUE);
    END IF;

    v_alarm := private.alarm_figures(v_flag.updated_at, p_now, v_step.alarm_period);
    v_figures := private.canary_figures(
        v_flag.updated_at, greatest(v_flag.updated_at, p_now - v_step.soak), p_now);
    v_fired := private.canary_failures(
        'alarm', v_flag.canary_percentage, v_alarm, v_step.alarm_calls);
    v_failed := private.canary_failures(
        'step', v_flag.canary_percentage, v_figures, v_step.min_calls);
    v_gap := private.canary_gap(
        greatest(v_flag.updated_at, p_now - v_step.soak), p_now, v_step.max_gap);
    v_figures := v_figures || jsonb_build_object('alarm', v_alarm, 'gap', v_gap);

    v_cause := CASE
        WHEN v_fired <> '{}' THEN 'alarm'
        WHEN v_failed <> '{}' THEN 'criterion'
        WHEN v_newest.decision = 'fall_back' THEN 'fell_back'
        WHEN p_now < v_flag.updated_at + v_step.soak THEN 'soak'
        WHEN v_gap IS NOT NULL THEN 'gap'
        WHEN (v_figures ->> 'calls')::bigint < v_step.min_calls THEN 'too_few_calls'
        WHEN v_flag.canary_percentage = 100 THEN 'complete'
        ELSE 'passed'
    END;
    v_after := CASE v_cause
        WHEN 'alarm' THEN 0
        WHEN 'criterion' THEN (
            SELECT max(s.percentage)
            FROM private.canary_steps AS s
            WHERE s.percentage < v_flag.canary_percentage)
        WHEN 'passed' THEN (
            SELECT min(s.percentage)
            FROM private.canary_steps AS s
            WHERE s.percentage > v_flag.canary_percentage)
        ELSE v_flag.canary_percentage
    END;
    UPDATE public.feature_flags AS f
    SET canary_percentage = v_after,
        updated_at = p_now
    WHERE f.flag_name = p_flag_name
      AND f.canary_percentage <> v_after;
    RETURN private.record_decision(
        p_flag_name, p_now,
        CASE v_cause
            WHEN 'alarm' THEN 'fall_back'
            WHEN 'criterion' THEN 'fall_back'
            WHEN 'passed' THEN 'advance'
            ELSE 'hold'
        END,
        v_cause, v_flag.canary_percentage, v_after, v_figures,
        CASE v_cause WHEN 'alarm' THEN v_fired WHEN 'criterion' THEN v_failed ELSE '{}' END);
END
$function$;

ALTER FUNCTION private.evaluate_canary(timestamptz, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.evaluate_canary(timestamptz, text) IS
    'Decides as of p_now whether a flag goes on, stays or falls back, does it, and returns the decision.';
REVOKE ALL ON FUNCTION private.evaluate_canary(timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;
