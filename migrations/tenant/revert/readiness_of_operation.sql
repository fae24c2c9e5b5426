-- Revert part_lens_tenant:readiness_of_operation from pg

BEGIN;

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
        ('repeated_keys', v_health.repeated_keys::numeric, v_health.keys > 0);
    RETURN QUERY
    SELECT s.name, s.setting::numeric, true
    FROM pg_catalog.pg_settings AS s
    WHERE s.name IN ('log_parameter_max_length', 'log_parameter_max_length_on_error')
    ORDER BY s.name;
END
$function$;

ALTER FUNCTION private.release_figures(timestamptz, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.release_figures(timestamptz, text) IS
    'The figures of the release criteria as of p_now; is_enough: seven days, the hours before, calls, stocks or keys are there to judge them by.';
REVOKE ALL ON FUNCTION private.release_figures(timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;

DELETE FROM private.canary_criteria
WHERE purpose = 'release'
  AND measure IN ('hours_since_reconciliation', 'log_error_verbosity');

COMMIT;
