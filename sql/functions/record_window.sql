-- private.window_sums: what was reported by action, added up. Which statuses are errors and which codes
-- are refusals by a rule is decided here, not in the gateway. What is no action (a call of a service, a
-- function that does not exist) is left out: anybody can make such calls, and no ramp depends on them.

CREATE FUNCTION private.window_sums(p_actions jsonb)
    RETURNS TABLE (
        calls         integer,
        successes     integer,
        server_errors integer,
        errors        integer,
        violations    integer,
        latency       integer[]
    )
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH actions AS (
        SELECT a.report
        FROM jsonb_each(p_actions) AS a (name, report)
        JOIN private.action_registry AS r ON r.action = a.name
    ),
    statuses AS (
        SELECT
            s.calls::integer AS calls,
            s.status ~ '^[23]' AS is_success,
            s.status ~ '^5' AS is_server_error,
            s.status ~ '^5' OR s.status IN ('405', '406', '413', '416', 'aborted') AS is_error
        FROM actions AS a
        CROSS JOIN LATERAL jsonb_each_text(a.report -> 'statuses') AS s (status, calls)
    ),
    codes AS (
        SELECT
            c.calls::integer AS calls,
            c.code = '42501' AS is_violation,
            EXISTS (SELECT FROM private.refusals AS r WHERE r.code = c.code) AS is_refusal
        FROM actions AS a
        CROSS JOIN LATERAL jsonb_each_text(a.report -> 'codes') AS c (code, calls)
    ),
    buckets AS (
        SELECT p.place, coalesce(sum(l.calls), 0)::integer AS calls
        FROM generate_series(1, cardinality(private.latency_bounds()) + 1) AS p (place)
        LEFT JOIN (
            SELECT x.place, x.calls::integer AS calls
            FROM actions AS a
            CROSS JOIN LATERAL jsonb_array_elements_text(a.report -> 'latency')
                WITH ORDINALITY AS x (calls, place)
        ) AS l ON l.place = p.place
        GROUP BY p.place
    )
    SELECT
        (SELECT coalesce(sum(s.calls), 0)::integer FROM statuses AS s),
        (SELECT coalesce(sum(s.calls), 0)::integer FROM statuses AS s WHERE s.is_success)
        + (SELECT coalesce(sum(c.calls), 0)::integer FROM codes AS c WHERE c.is_refusal),
        (SELECT coalesce(sum(s.calls), 0)::integer FROM statuses AS s WHERE s.is_server_error),
        (SELECT coalesce(sum(s.calls), 0)::integer FROM statuses AS s WHERE s.is_error),
        (SELECT coalesce(sum(c.calls), 0)::integer FROM codes AS c WHERE c.is_violation),
        (SELECT array_agg(b.calls ORDER BY b.place) FROM buckets AS b)
$function$;

ALTER FUNCTION private.window_sums(jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.window_sums(jsonb) IS
    'The sums of a report over its actions: calls, successes, errors, violations, latency.';
REVOKE ALL ON FUNCTION private.window_sums(jsonb) FROM PUBLIC, anon, authenticated, service_role;

-- private.record_window: a window becomes a row, once. What is wrong with it is returned.

CREATE FUNCTION private.record_window(
    p_instance_id uuid,
    p_started_at  timestamptz,
    p_ended_at    timestamptz,
    p_actions     jsonb,
    p_is_last     boolean
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (
        SELECT
        FROM private.canary_windows AS w
        WHERE w.instance_id = p_instance_id
          AND w.started_at <> p_started_at
          AND w.started_at < p_ended_at
          AND w.ended_at > p_started_at
    ) THEN
        RETURN 'overlaps another window of the instance';
    END IF;

    INSERT INTO private.canary_windows
        (instance_id, started_at, ended_at, is_last, calls, successes, server_errors, errors,
         violations, latency, actions)
    SELECT
        p_instance_id, p_started_at, p_ended_at, p_is_last, s.calls, s.successes, s.server_errors,
        s.errors, s.violations, s.latency, p_actions
    FROM private.window_sums(p_actions) AS s
    WHERE s.calls = (SELECT sum(l.calls) FROM unnest(s.latency) AS l (calls))
    ON CONFLICT DO NOTHING;
    RETURN CASE
        WHEN FOUND OR EXISTS (
            SELECT
            FROM private.canary_windows AS w
            WHERE w.instance_id = p_instance_id
              AND w.started_at = p_started_at
        ) THEN NULL
        ELSE 'has more or fewer calls in statuses than in latency'
    END;
EXCEPTION
    -- All that casts and constraints find wrong with a report.
    WHEN data_exception OR check_violation THEN
        RETURN 'is no report: ' || SQLERRM;
END
$function$;

ALTER FUNCTION private.record_window(uuid, timestamptz, timestamptz, jsonb, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.record_window(uuid, timestamptz, timestamptz, jsonb, boolean) IS
    'Records a window of a gateway; again: changes nothing. Returns what is wrong with it, or NULL.';
REVOKE ALL ON FUNCTION private.record_window(uuid, timestamptz, timestamptz, jsonb, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
