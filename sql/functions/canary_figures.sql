-- What windows say of a period: the figures that criteria look at, and where windows are missing.

-- Windows that began before p_since are left out (the percentage was another one), and so are those that
-- ended before p_from.
CREATE FUNCTION private.canary_figures(
    p_since timestamptz,
    p_from  timestamptz,
    p_to    timestamptz
)
    RETURNS jsonb
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH windows AS NOT MATERIALIZED (
        SELECT w.calls, w.successes, w.server_errors, w.errors, w.violations, w.latency
        FROM private.canary_windows AS w
        WHERE w.ended_at > p_from
          AND w.started_at >= p_since
          AND w.started_at < p_to
    ),
    latency (buckets) AS (
        SELECT array_agg(coalesce(b.calls, 0) ORDER BY p.place)
        FROM generate_series(1, cardinality(private.latency_bounds()) + 1) AS p (place)
        LEFT JOIN (
            SELECT l.place, sum(l.calls)::bigint AS calls
            FROM windows AS w
            CROSS JOIN LATERAL unnest(w.latency) WITH ORDINALITY AS l (calls, place)
            -- Most buckets of most windows are empty: without them this takes a fifth of the time.
            WHERE l.calls > 0
            GROUP BY l.place
        ) AS b ON b.place = p.place
    )
    SELECT jsonb_build_object(
        'windows', count(*),
        'calls', coalesce(sum(w.calls), 0),
        'server_errors', coalesce(sum(w.server_errors), 0),
        'violations', coalesce(sum(w.violations), 0),
        'success_rate', 100.0 * sum(w.successes) / nullif(sum(w.calls), 0),
        'error_rate', 100.0 * sum(w.errors) / nullif(sum(w.calls), 0),
        'p95_ms', (SELECT private.latency_quantile(l.buckets, 0.95) FROM latency AS l),
        'p99_ms', (SELECT private.latency_quantile(l.buckets, 0.99) FROM latency AS l))
    FROM windows AS w
$function$;

ALTER FUNCTION private.canary_figures(timestamptz, timestamptz, timestamptz) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_figures(timestamptz, timestamptz, timestamptz) IS
    'Figures of the windows that began from p_since until before p_to and ended after p_from; rates in percent, NULL without calls.';
REVOKE ALL ON FUNCTION private.canary_figures(timestamptz, timestamptz, timestamptz)
    FROM PUBLIC, anon, authenticated, service_role;

-- Two kinds of gaps: a time for which no gateway reported; and, of one instance, windows that are missing
-- between others, or after the newest unless that was its last: what happened there nobody knows.
CREATE FUNCTION private.canary_gap(
    p_from         timestamptz,
    p_to           timestamptz,
    p_max_gap      interval,
    p_any_instance boolean DEFAULT true
)
    RETURNS tstzrange
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH windows AS MATERIALIZED (
        SELECT w.instance_id, w.started_at, w.ended_at, w.is_last
        FROM private.canary_windows AS w
        WHERE w.ended_at > p_from
          AND w.started_at >= p_from
          AND w.started_at < p_to
    ),
    holes (began_at, ended_at) AS (
        SELECT
            coalesce(
                max(w.ended_at) OVER (
                    ORDER BY w.started_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                p_from),
            w.started_at
        FROM windows AS w
        UNION ALL
        SELECT coalesce(max(w.ended_at), p_from), p_to
        FROM windows AS w
        UNION ALL
        SELECT
            w.ended_at,
            lead(w.started_at, 1, CASE WHEN NOT w.is_last THEN p_to END)
                OVER (PARTITION BY w.instance_id ORDER BY w.started_at)
        FROM windows AS w
        WHERE p_any_instance
    )
    SELECT tstzrange(h.began_at, h.ended_at)
    FROM holes AS h
    WHERE h.ended_at - h.began_at > p_max_gap
    ORDER BY h.ended_at DESC
    LIMIT 1
$function$;

ALTER FUNCTION private.canary_gap(timestamptz, timestamptz, interval, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_gap(timestamptz, timestamptz, interval, boolean) IS
    'The newest time between p_from and p_to, longer than p_max_gap, of which gateways (p_any_instance: any one of them) reported nothing; NULL: none.';
REVOKE ALL ON FUNCTION private.canary_gap(timestamptz, timestamptz, interval, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
