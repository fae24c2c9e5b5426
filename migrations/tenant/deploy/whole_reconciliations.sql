-- Deploy part_lens_tenant:whole_reconciliations to pg
-- requires: readiness_of_operation
-- requires: tick
-- requires: service_comments

BEGIN;

ALTER TABLE private.reconciliations
    ADD COLUMN is_whole boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN private.reconciliations.is_whole IS
    'Of all yachts; false: of one that was named. Only whole runs say when all was compared last.';

CREATE OR REPLACE FUNCTION private.reconcile(
    p_now      timestamptz,
    p_yacht_id uuid DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_yacht_id uuid;
    v_one      record;
    v_yachts   bigint := 0;
    v_stocks   bigint := 0;
    v_drifting bigint := 0;
    v_repaired bigint := 0;
BEGIN
    -- In one order, so that two runs at once do not wait for each other's stocks.
    FOR v_yacht_id IN
        SELECT y.yacht_id
        FROM public.yacht_registry AS y
        WHERE p_yacht_id IS NULL
           OR y.yacht_id = p_yacht_id
        ORDER BY y.yacht_id
    LOOP
        SELECT r.stocks, r.drifting, r.repaired INTO v_one
        FROM private.reconcile_yacht(v_yacht_id) AS r;
        v_yachts := v_yachts + 1;
        v_stocks := v_stocks + v_one.stocks;
        v_drifting := v_drifting + v_one.drifting;
        v_repaired := v_repaired + v_one.repaired;
    END LOOP;
    PERFORM set_config('part_lens.yacht_id', '', true);

    INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired, is_whole)
    VALUES (p_now, v_stocks, v_drifting, v_repaired, p_yacht_id IS NULL);
    RETURN jsonb_build_object(
        'yachts', v_yachts,
        'stocks', v_stocks,
        'drifting', v_drifting,
        'repaired', v_repaired,
        'verdict', CASE
            WHEN v_stocks = 0 THEN 'not enough data'
            WHEN v_drifting = 0 THEN 'pass'
            ELSE 'fail'
        END);
END
$function$;

-- private.tick: what has to happen now and then: decide about the ramp, reconcile once an hour, keep the
-- months of the audit log ahead of time, forget old windows. Called by the deployer: by `make tick`, or
-- by pg_cron where there is one (private.schedule_tick).
--
-- The ramp first: a reconciliation repairs what it should see. (It sees it all the same: what a
-- reconciliation finds is kept.)

CREATE OR REPLACE FUNCTION private.tick(p_now timestamptz DEFAULT clock_timestamp())
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_decision private.canary_decisions := private.evaluate_canary(p_now);
    v_found    jsonb;
    v_today    date                     := (p_now AT TIME ZONE 'UTC')::date;
    v_months   integer;
    v_windows  bigint;
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM private.reconciliations AS r
        WHERE r.ran_at > p_now - interval '1 hour'
          AND r.is_whole
    ) THEN
        v_found := private.reconcile(p_now);
    END IF;
    v_months := private.add_audit_months(v_today, (v_today + interval '3 months')::date);
    -- Release readiness looks back nine days.
    DELETE FROM private.canary_windows AS w
    WHERE w.ended_at <= p_now - interval '14 days';
    GET DIAGNOSTICS v_windows = ROW_COUNT;
    RETURN jsonb_build_object(
        'decision', v_decision.decision,
        'cause', v_decision.cause,
        'percentage', v_decision.percentage_after,
        'reconciliation', v_found,
        'audit_months_added', v_months,
        'windows_forgotten', v_windows);
END
$function$;

COMMENT ON FUNCTION private.tick(timestamptz) IS
    'Decides about the ramp, reconciles if the last time that all yachts were is an hour ago, adds months to the audit log, forgets windows older than 14 days. Called by the deployer, every minute.';

-- The figures, and per measure whether there is enough to judge it by.
CREATE OR REPLACE FUNCTION private.release_figures(
    p_now       timestamptz,
    p_flag_name text
)
    RETURNS TABLE (
        measure   text,
        figure    numeric,
        is_enough boolean
    )
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c_release  constant interval := interval '7 days';
    c_before   constant interval := interval '48 hours';
    v_at_100   timestamptz;
    v_step     private.canary_steps;
    v_after    jsonb;
    v_before   jsonb;
    v_is_after  boolean;
    v_is_before boolean;
    v_health   record;
    v_signing  record;
BEGIN
    SELECT f.updated_at INTO v_at_100
    FROM public.feature_flags AS f
    WHERE f.flag_name = p_flag_name
      AND f.enabled
      AND f.canary_percentage = 100;
    SELECT s.* INTO STRICT v_step
    FROM private.canary_steps AS s
    WHERE s.percentage = 100;

    v_after := private.canary_figures(v_at_100, greatest(v_at_100, p_now - c_release), p_now);
    v_before := private.canary_figures(v_at_100 - c_before, v_at_100 - c_before, v_at_100);
    -- That one of several gateways is missing matters while the ramp decides, not over a week.
    v_is_after := (v_after ->> 'calls')::bigint >= v_step.min_calls
        AND p_now >= v_at_100 + c_release
        AND private.canary_gap(p_now - c_release, p_now, v_step.max_gap, false) IS NULL;
    v_is_before := (v_before ->> 'calls')::bigint >= v_step.min_calls
        AND private.canary_gap(v_at_100 - c_before, v_at_100, v_step.max_gap, false) IS NULL;
    SELECT h.stocks, h.drifting, h.keys, h.repeated_keys INTO v_health
    FROM private.ledger_health() AS h;
    SELECT sum(c.total) AS total, sum(c.signed) AS signed INTO v_signing
    FROM private.signature_compliance() AS c;

    RETURN QUERY VALUES
        ('days_at_100', extract(epoch FROM p_now - v_at_100) / 86400, true),
        ('server_errors', (v_after ->> 'server_errors')::numeric, v_is_after),
        ('p95_ms', (v_after ->> 'p95_ms')::numeric, v_is_after),
        ('error_rate', (v_after ->> 'error_rate')::numeric, v_is_after),
        ('violations', (v_after ->> 'violations')::numeric, v_is_after),
        ('server_errors_before', (v_before ->> 'server_errors')::numeric, v_is_before),
        ('success_rate',
         least((v_after ->> 'success_rate')::numeric, (v_before ->> 'success_rate')::numeric),
         v_is_after AND v_is_before),
        ('p99_ms',
         greatest((v_after ->> 'p99_ms')::numeric, (v_before ->> 'p99_ms')::numeric),
         v_is_after AND v_is_before),
        ('drift_rate',
         greatest(
             100.0 * v_health.drifting / nullif(v_health.stocks, 0),
             (SELECT max(100.0 * r.drifting / r.stocks)
              FROM private.reconciliations AS r
              WHERE r.ran_at > p_now - c_release
                AND r.stocks > 0)),
         v_health.stocks > 0),
        ('signed_rate', 100.0 * v_signing.signed / nullif(v_signing.total, 0), v_signing.total > 0),
        ('repeated_keys', v_health.repeated_keys::numeric, v_health.keys > 0),
        ('hours_since_reconciliation',
         (SELECT extract(epoch FROM p_now - max(r.ran_at)) / 3600
          FROM private.reconciliations AS r
          WHERE r.ran_at <= p_now
            AND r.is_whole),
         true);
    RETURN QUERY
    SELECT
        s.name,
        -- A level: 0 is terse, the least.
        CASE s.name
            WHEN 'log_error_verbosity' THEN array_position(s.enumvals, s.setting) - 1
            ELSE s.setting::integer
        END::numeric,
        true
    FROM pg_catalog.pg_settings AS s
    WHERE s.name IN (
        'log_error_verbosity', 'log_parameter_max_length', 'log_parameter_max_length_on_error')
    ORDER BY s.name;
END
$function$;

COMMENT ON FUNCTION public.reconcile(uuid) IS
    'Compares every stock with the ledger and puts cached quantities right, on record. Says how many stocks it looked at, how many drifted and how many it repaired; without any stock: not enough data. For a service.

p_yacht_id: only of this yacht; a tick then still compares all of them.

Answers 200 {"success": "boolean", "action": "text", "yachts": "bigint", "stocks": "bigint", "drifting": "bigint", "repaired": "bigint", "verdict": "text"}';

COMMIT;
