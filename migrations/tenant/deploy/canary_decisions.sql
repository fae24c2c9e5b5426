-- Deploy part_lens_tenant:canary_decisions to pg
-- requires: canary_windows
-- requires: reconciliation

BEGIN;

-- canary_decisions: every decision with its numbers. A decision to hold for the cause for which it was
-- held already is that decision again: its row counts it and shows the newest numbers.

CREATE TABLE private.canary_decisions (
    flag_name         text        NOT NULL,
    decision_id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    decision          text        NOT NULL,
    cause             text        NOT NULL,
    failed            text[]      NOT NULL DEFAULT '{}',
    percentage_before integer     NOT NULL,
    percentage_after  integer     NOT NULL,
    figures           jsonb       NOT NULL,
    reason            text,
    actor             text        NOT NULL,
    is_watched        boolean     NOT NULL,
    decided_at        timestamptz NOT NULL,
    newest_at         timestamptz NOT NULL,
    evaluations       integer     NOT NULL DEFAULT 1,
    CONSTRAINT canary_decisions_pkey PRIMARY KEY (flag_name, decision_id),
    CONSTRAINT decision_is_of_a_flag FOREIGN KEY (flag_name)
        REFERENCES public.feature_flags (flag_name) ON DELETE RESTRICT,
    CONSTRAINT decision_moves_as_it_says CHECK (
        CASE decision
            WHEN 'set' THEN reason IS NOT NULL AND cause = 'operator'
            WHEN 'advance' THEN percentage_after > percentage_before
            WHEN 'fall_back' THEN percentage_after < percentage_before
            WHEN 'hold' THEN percentage_after = percentage_before
            ELSE false
        END)
);

ALTER TABLE private.canary_decisions OWNER TO pms_owner;
COMMENT ON TABLE private.canary_decisions IS 'What was decided about a flag, why, and by which numbers.';
COMMENT ON SEQUENCE private.canary_decisions_decision_id_seq IS 'The order in which was decided.';
COMMENT ON COLUMN private.canary_decisions.decision IS 'set, advance, hold or fall_back.';
COMMENT ON COLUMN private.canary_decisions.cause IS
    'operator (set), passed (advance), alarm or criterion (fall_back), or what holds it.';
COMMENT ON COLUMN private.canary_decisions.failed IS 'The measures that were not as they must be.';
COMMENT ON COLUMN private.canary_decisions.reason IS 'The operator''s words.';
COMMENT ON COLUMN private.canary_decisions.actor IS 'Who decided: a database role, or its token''s person.';
COMMENT ON COLUMN private.canary_decisions.is_watched IS
    'Whether windows move the flag from here on; an operator who retires v1 switches that off.';
COMMENT ON COLUMN private.canary_decisions.newest_at IS 'When it was last decided again.';
COMMENT ON COLUMN private.canary_decisions.evaluations IS 'How often it was decided.';
REVOKE ALL ON TABLE private.canary_decisions FROM PUBLIC, anon, authenticated, service_role;

-- canary_decisions: written and read by calls of a service.

ALTER TABLE private.canary_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_decisions FORCE ROW LEVEL SECURITY;

-- A call of a service looks at what was decided before.
CREATE POLICY select_service ON private.canary_decisions
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

-- A call of a service decides.
CREATE POLICY insert_service ON private.canary_decisions
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (current_setting('role') = 'service_role');

-- Holding again is counted; nothing else is rewritten.
CREATE POLICY update_service ON private.canary_decisions
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (current_setting('role') = 'service_role' AND decision = 'hold')
    WITH CHECK (current_setting('role') = 'service_role' AND decision = 'hold');

GRANT SELECT, INSERT, UPDATE ON TABLE private.canary_decisions TO pms_rpc;

-- private.canary_verdicts: figures against the criteria of a purpose. The criterion of a measure is the
-- one of the highest percentage that is not above p_percentage.

CREATE FUNCTION private.canary_verdicts(
    p_purpose    text,
    p_percentage integer,
    p_figures    jsonb,
    p_min_calls  integer
)
    RETURNS TABLE (
        measure    text,
        figure     numeric,
        comparison text,
        threshold  numeric,
        is_judged  boolean,
        holds      boolean
    )
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        c.measure,
        f.figure,
        c.comparison,
        c.threshold,
        f.figure IS NOT NULL
            AND (NOT c.needs_calls OR (p_figures ->> 'calls')::numeric >= p_min_calls),
        CASE c.comparison
            WHEN '<' THEN f.figure < c.threshold
            WHEN '<=' THEN f.figure <= c.threshold
            WHEN '=' THEN f.figure = c.threshold
            WHEN '>=' THEN f.figure >= c.threshold
            WHEN '>' THEN f.figure > c.threshold
        END
    FROM (
        SELECT DISTINCT ON (x.measure)
            x.measure, x.comparison, x.threshold, x.needs_calls
        FROM private.canary_criteria AS x
        WHERE x.purpose = p_purpose
          AND x.percentage <= p_percentage
        ORDER BY x.measure, x.percentage DESC
    ) AS c
    CROSS JOIN LATERAL (SELECT (p_figures ->> c.measure)::numeric AS figure) AS f
$function$;

ALTER FUNCTION private.canary_verdicts(text, integer, jsonb, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_verdicts(text, integer, jsonb, integer) IS
    'Each criterion of a purpose at a percentage with its figure; is_judged: there is a figure, and of enough calls; holds: it is as it must be.';
REVOKE ALL ON FUNCTION private.canary_verdicts(text, integer, jsonb, integer)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.canary_failures(
    p_purpose    text,
    p_percentage integer,
    p_figures    jsonb,
    p_min_calls  integer
)
    RETURNS text[]
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(v.measure ORDER BY v.measure), '{}')
    FROM private.canary_verdicts(p_purpose, p_percentage, p_figures, p_min_calls) AS v
    WHERE v.is_judged
      AND NOT v.holds
$function$;

ALTER FUNCTION private.canary_failures(text, integer, jsonb, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_failures(text, integer, jsonb, integer) IS
    'The measures that are not as they must be.';
REVOKE ALL ON FUNCTION private.canary_failures(text, integer, jsonb, integer)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.drifting_stocks: has the cache of any stock left the ledger since a time? What reconciliations
-- found since then, and what is to be seen now: the cache beside the newest movement, which costs the
-- same for a long ledger as for a short one. (That the newest movement is the sum of all is held by
-- constraints, and compared by private.reconcile.)
--
-- In a call of a service row security shows one yacht at a time; see private.open_call.

CREATE FUNCTION private.drifting_stocks(p_since timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_yacht_id uuid;
    v_drifting bigint;
    v_now      bigint := 0;
    v_before   bigint;
BEGIN
    FOR v_yacht_id IN
        SELECT y.yacht_id
        FROM public.yacht_registry AS y
    LOOP
        PERFORM set_config('part_lens.yacht_id', v_yacht_id::text, true);
        SELECT count(*)
        INTO v_drifting
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = v_yacht_id
          AND v.cached_quantity <> v.newest_on_hand_after;
        v_now := v_now + v_drifting;
    END LOOP;
    PERFORM set_config('part_lens.yacht_id', '', true);

    SELECT coalesce(max(r.drifting), 0)
    INTO v_before
    FROM private.reconciliations AS r
    WHERE r.ran_at >= p_since;
    RETURN greatest(v_now, v_before);
END
$function$;

ALTER FUNCTION private.drifting_stocks(timestamptz) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.drifting_stocks(timestamptz) IS
    'Stocks whose cache disagrees with the ledger now, or the most that a reconciliation since p_since found.';
REVOKE ALL ON FUNCTION private.drifting_stocks(timestamptz) FROM PUBLIC, anon, authenticated, service_role;

-- private.alarm_figures: the figures that send everybody back at once. Errors of the last minutes;
-- violations and drift of the whole step; a slow percentile only when it has lasted for the whole time,
-- which is when the step has.

CREATE FUNCTION private.alarm_figures(
    p_since  timestamptz,
    p_now    timestamptz,
    p_period interval
)
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        CASE WHEN p_now >= p_since + p_period THEN f.figures ELSE f.figures - 'p95_ms' END
        || jsonb_build_object(
            'violations', (
                SELECT coalesce(sum(w.violations), 0)
                FROM private.canary_windows AS w
                WHERE w.started_at >= p_since
                  AND w.ended_at > p_since
                  AND w.started_at < p_now),
            'drifting_stocks', private.drifting_stocks(p_since))
    FROM private.canary_figures(p_since, p_now - p_period, p_now) AS f (figures)
$function$;

ALTER FUNCTION private.alarm_figures(timestamptz, timestamptz, interval) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.alarm_figures(timestamptz, timestamptz, interval) IS
    'Figures of the p_period before p_now, violations and drift since p_since; p95_ms only if that is as long ago.';
REVOKE ALL ON FUNCTION private.alarm_figures(timestamptz, timestamptz, interval)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.record_decision: a decision becomes a row; one to hold as it was held already is counted.

CREATE FUNCTION private.record_decision(
    p_flag_name text,
    p_at        timestamptz,
    p_decision  text,
    p_cause     text,
    p_before    integer,
    p_after     integer,
    p_figures   jsonb,
    p_failed    text[]  DEFAULT '{}',
    p_reason    text    DEFAULT NULL,
    p_watched   boolean DEFAULT true
)
    RETURNS private.canary_decisions
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_decision private.canary_decisions;
BEGIN
    SELECT d.*
    INTO v_decision
    FROM private.canary_decisions AS d
    WHERE d.flag_name = p_flag_name
    ORDER BY d.decision_id DESC
    LIMIT 1;

    IF p_decision = 'hold'
       AND (v_decision.decision, v_decision.cause, v_decision.percentage_after)
           = ('hold', p_cause, p_after)
    THEN
        UPDATE private.canary_decisions AS d
        SET evaluations = d.evaluations + 1,
            newest_at = p_at,
            figures = p_figures
        WHERE d.flag_name = p_flag_name
          AND d.decision_id = v_decision.decision_id
        RETURNING d.* INTO v_decision;
    ELSE
        INSERT INTO private.canary_decisions
            (flag_name, decision, cause, failed, percentage_before, percentage_after, figures,
             reason, actor, is_watched, decided_at, newest_at)
        VALUES
            (p_flag_name, p_decision, p_cause, p_failed, p_before, p_after, p_figures, p_reason,
             coalesce(
                 nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub',
                 nullif(current_setting('role'), 'none'),
                 session_user),
             p_watched, p_at, p_at)
        RETURNING * INTO v_decision;
    END IF;
    RETURN v_decision;
END
$function$;

ALTER FUNCTION private.record_decision(
    text, timestamptz, text, text, integer, integer, jsonb, text[], text, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.record_decision(
    text, timestamptz, text, text, integer, integer, jsonb, text[], text, boolean) IS
    'Records a decision about a flag and returns its row.';
REVOKE ALL ON FUNCTION private.record_decision(
    text, timestamptz, text, text, integer, integer, jsonb, text[], text, boolean)
    FROM PUBLIC, anon, authenticated, service_role;

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

-- private.set_canary: an operator sets the percentage, for a reason. It begins the step anew: soak and
-- windows count from here, and what fell back may go on again.

CREATE FUNCTION private.set_canary(
    p_now        timestamptz,
    p_percentage integer,
    p_reason     text,
    p_enabled    boolean DEFAULT true,
    p_watched    boolean DEFAULT true,
    p_flag_name  text    DEFAULT 'part_lens_v2'
)
    RETURNS private.canary_decisions
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before integer;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'a percentage is set for a reason';
    ELSIF p_percentage IS NULL OR p_percentage NOT BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'a percentage is a number from 0 to 100';
    END IF;

    SELECT f.canary_percentage INTO STRICT v_before
    FROM public.feature_flags AS f
    WHERE f.flag_name = p_flag_name
    FOR UPDATE;
    UPDATE public.feature_flags AS f
    SET canary_percentage = p_percentage,
        enabled = p_enabled,
        updated_at = p_now
    WHERE f.flag_name = p_flag_name;
    RETURN private.record_decision(
        p_flag_name, p_now, 'set', 'operator', v_before, p_percentage,
        jsonb_build_object('enabled', p_enabled), p_reason => btrim(p_reason),
        p_watched => p_watched);
END
$function$;

ALTER FUNCTION private.set_canary(timestamptz, integer, text, boolean, boolean, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.set_canary(timestamptz, integer, text, boolean, boolean, text) IS
    'Sets the percentage of a flag for a reason; p_watched false: windows do not move it from here on.';
REVOKE ALL ON FUNCTION private.set_canary(timestamptz, integer, text, boolean, boolean, text)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.canary_state: where a flag stands, what it waits for, and the last decisions. Reads only.

CREATE FUNCTION private.canary_state(
    p_now       timestamptz,
    p_decisions integer DEFAULT 10,
    p_flag_name text    DEFAULT 'part_lens_v2'
)
    RETURNS jsonb
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT to_jsonb(f) || jsonb_build_object(
        'is_watched', coalesce(moved.is_watched, false),
        'fell_back', coalesce(moved.decision = 'fall_back', false),
        'soak_ends_at', f.updated_at + s.soak,
        'next_percentage', (
            SELECT min(x.percentage)
            FROM private.canary_steps AS x
            WHERE x.percentage > f.canary_percentage),
        'figures', figures.figures,
        'gap', private.canary_gap(
            greatest(f.updated_at, p_now - s.soak), p_now, s.max_gap),
        'min_calls', s.min_calls,
        'criteria', (
            SELECT jsonb_agg(to_jsonb(v) ORDER BY v.measure)
            FROM private.canary_verdicts(
                'step', f.canary_percentage, figures.figures, s.min_calls) AS v),
        'yachts', (
            SELECT jsonb_agg(jsonb_build_object(
                'yacht_id', y.yacht_id,
                'name', y.name,
                'bucket', private.canary_bucket(f.flag_name, y.yacht_id),
                'is_in', f.enabled
                    AND private.canary_bucket(f.flag_name, y.yacht_id) < f.canary_percentage)
                ORDER BY private.canary_bucket(f.flag_name, y.yacht_id), y.yacht_id)
            FROM public.yacht_registry AS y),
        'decisions', (
            SELECT jsonb_agg(to_jsonb(d) ORDER BY d.decision_id DESC)
            FROM (
                SELECT x.*
                FROM private.canary_decisions AS x
                WHERE x.flag_name = f.flag_name
                ORDER BY x.decision_id DESC
                LIMIT p_decisions
            ) AS d))
    FROM public.feature_flags AS f
    CROSS JOIN LATERAL (
        SELECT x.soak, x.min_calls, x.max_gap
        FROM private.canary_steps AS x
        WHERE x.percentage <= f.canary_percentage
        ORDER BY x.percentage DESC
        LIMIT 1
    ) AS s
    CROSS JOIN LATERAL private.canary_figures(
        f.updated_at, greatest(f.updated_at, p_now - s.soak), p_now) AS figures (figures)
    LEFT JOIN LATERAL (
        SELECT d.decision, d.is_watched
        FROM private.canary_decisions AS d
        WHERE d.flag_name = f.flag_name
          AND d.decision <> 'hold'
        ORDER BY d.decision_id DESC
        LIMIT 1
    ) AS moved ON true
    WHERE f.flag_name = p_flag_name
$function$;

ALTER FUNCTION private.canary_state(timestamptz, integer, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_state(timestamptz, integer, text) IS
    'A flag as of p_now: percentage, soak, figures of the step, its criteria, gap, yachts in and out, the newest p_decisions.';
REVOKE ALL ON FUNCTION private.canary_state(timestamptz, integer, text)
    FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
