-- private.tick: what has to happen now and then: decide about the ramp, reconcile once an hour, keep the
-- months of the audit log ahead of time, forget old windows. Called by the deployer: by `make tick`, or
-- by pg_cron where there is one (private.schedule_tick).
--
-- The ramp first: a reconciliation repairs what it should see. (It sees it all the same: what a
-- reconciliation finds is kept.)

CREATE FUNCTION private.tick(p_now timestamptz DEFAULT clock_timestamp())
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

ALTER FUNCTION private.tick(timestamptz) OWNER TO pms_owner;
COMMENT ON FUNCTION private.tick(timestamptz) IS
    'Decides about the ramp, reconciles if the last time that all yachts were is an hour ago, adds months to the audit log, forgets windows older than 14 days. Called by the deployer, every minute.';
REVOKE ALL ON FUNCTION private.tick(timestamptz) FROM PUBLIC, anon, authenticated, service_role;

-- By name at run time: most servers have no schema cron. What pg_cron runs, it runs as who scheduled it:
-- the deployer, who sees every row.
CREATE FUNCTION private.schedule_tick(p_schedule text DEFAULT '* * * * *')
    RETURNS bigint
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_job bigint;
BEGIN
    IF to_regprocedure('cron.schedule(text, text, text)') IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'pg_cron is not installed in this database',
            HINT    = 'Create the extension pg_cron, or have `make tick` run every minute.';
    END IF;
    EXECUTE format('SELECT %I.schedule($1, $2, $3)', 'cron')
    INTO v_job
    USING 'part_lens_tick', p_schedule, 'SELECT private.tick()';
    RETURN v_job;
END
$function$;

ALTER FUNCTION private.schedule_tick(text) OWNER TO pms_owner;
COMMENT ON FUNCTION private.schedule_tick(text) IS
    'Has pg_cron call private.tick, every minute by default; again: changes the schedule. Returns the job. Called by the deployer.';
REVOKE ALL ON FUNCTION private.schedule_tick(text) FROM PUBLIC, anon, authenticated, service_role;
