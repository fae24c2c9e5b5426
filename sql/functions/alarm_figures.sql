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
