-- Deploy part_lens_tenant:canary_windows to pg
-- requires: canary_plan
-- requires: action_registry
-- requires: refusals

BEGIN;

-- canary_windows: what gateways saw, window by window. Sums over the actions, which all decisions read,
-- beside what was reported.

CREATE TABLE private.canary_windows (
    instance_id   uuid        NOT NULL,
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz NOT NULL,
    is_last       boolean     NOT NULL,
    calls         integer     NOT NULL,
    successes     integer     NOT NULL,
    server_errors integer     NOT NULL,
    errors        integer     NOT NULL,
    violations    integer     NOT NULL,
    latency       integer[]   NOT NULL,
    actions       jsonb       NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT canary_windows_pkey PRIMARY KEY (instance_id, started_at),
    CONSTRAINT window_ends_after_it_began CHECK (ended_at > started_at),
    CONSTRAINT counts_are_of_the_calls CHECK (
        server_errors >= 0 AND violations >= 0 AND successes >= 0
        AND server_errors <= errors AND successes + errors <= calls AND violations <= calls)
);

-- Serves every look at a period.
CREATE INDEX canary_windows_by_end ON private.canary_windows (ended_at);

ALTER TABLE private.canary_windows OWNER TO pms_owner;
COMMENT ON TABLE private.canary_windows IS 'Calls of actions that gateways answered, by window of time.';
COMMENT ON COLUMN private.canary_windows.instance_id IS 'One run of one gateway.';
COMMENT ON COLUMN private.canary_windows.is_last IS
    'The instance has ended: that no window follows is no gap.';
COMMENT ON COLUMN private.canary_windows.successes IS
    'Calls that were answered as the API says: 2xx, 3xx, and refusals by a rule.';
COMMENT ON COLUMN private.canary_windows.server_errors IS 'Answers with 5xx.';
COMMENT ON COLUMN private.canary_windows.errors IS
    '5xx, 405, 406, 413, 416, and calls that were aborted.';
COMMENT ON COLUMN private.canary_windows.violations IS 'Answers with SQLSTATE 42501.';
COMMENT ON COLUMN private.canary_windows.latency IS
    'Calls per bucket of private.latency_bounds(), and above the last bound.';
COMMENT ON COLUMN private.canary_windows.actions IS
    'By action: statuses, codes of refusals, latency; as reported.';
REVOKE ALL ON TABLE private.canary_windows FROM PUBLIC, anon, authenticated, service_role;

-- canary_windows: reported and read by calls of a service.

ALTER TABLE private.canary_windows ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_windows FORCE ROW LEVEL SECURITY;

-- A call of a service decides by what was reported.
CREATE POLICY select_service ON private.canary_windows
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

-- A gateway, as a service, reports a window.
CREATE POLICY insert_service ON private.canary_windows
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (current_setting('role') = 'service_role');

-- No UPDATE: what was reported stays. No DELETE: private.forget_canary_windows is the deployer's.
GRANT SELECT, INSERT ON TABLE private.canary_windows TO pms_rpc;

-- Latency histograms. Every threshold of private.canary_criteria is a bound, so that whether a percentile
-- is under it does not depend on how it is estimated inside a bucket.

CREATE FUNCTION private.latency_bounds()
    RETURNS integer[]
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY[1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 300, 350, 400, 450, 500,
                 600, 750, 1000, 1250, 1500, 2000, 3000, 5000, 10000, 30000, 60000]
$function$;

ALTER FUNCTION private.latency_bounds() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.latency_bounds() IS
    'Upper bounds, inclusive, of the latency buckets in milliseconds; the bucket after the last has none.';
REVOKE ALL ON FUNCTION private.latency_bounds() FROM PUBLIC, anon, authenticated, service_role;

-- The nearest rank, rounded up; inside its bucket the calls are taken to be spread evenly, each at the
-- upper end of its share. So the estimate is never less than evenly spread calls would give, and it is
-- the bound itself for the last call of a bucket. What took more than the last bound counts as that.
CREATE FUNCTION private.latency_quantile(
    p_latency bigint[],
    p_share   numeric
)
    RETURNS numeric
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT b.lower + (b.upper - b.lower) * (b.rank - b.upto + b.calls) / b.calls
    FROM (
        SELECT
            l.calls,
            coalesce(c.bounds[l.place - 1], 0) AS lower,
            coalesce(c.bounds[l.place], c.bounds[l.place - 1]) AS upper,
            sum(l.calls) OVER (ORDER BY l.place) AS upto,
            ceil(p_share * sum(l.calls) OVER ()) AS rank
        FROM unnest(p_latency) WITH ORDINALITY AS l (calls, place)
        CROSS JOIN (SELECT private.latency_bounds() AS bounds) AS c
    ) AS b
    WHERE b.upto >= b.rank
      AND b.calls > 0
    ORDER BY b.upto
    LIMIT 1
$function$;

ALTER FUNCTION private.latency_quantile(bigint[], numeric) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.latency_quantile(bigint[], numeric) IS
    'Milliseconds that p_share (0 to 1) of the calls did not exceed, rather too high than too low; NULL without calls.';
REVOKE ALL ON FUNCTION private.latency_quantile(bigint[], numeric)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.refuse_service: the answer of a call of a service that is refused. A service acts on no yacht,
-- so there is no yacht's log to be on: the gateway logs it.

CREATE FUNCTION private.refuse_service(
    p_argument text,
    p_reason   text
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_refusal private.refusals;
BEGIN
    SELECT r.* INTO STRICT v_refusal
    FROM private.refusals AS r
    WHERE r.code = 'invalid_argument';
    PERFORM set_config('response.status', v_refusal.http_status::text, true);
    RETURN jsonb_build_object(
        'code', v_refusal.code,
        'message', v_refusal.message,
        'details', jsonb_build_object('argument', p_argument, 'reason', p_reason)::text,
        'hint', v_refusal.hint);
END
$function$;

ALTER FUNCTION private.refuse_service(text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_service(text, text) IS
    'Sets the HTTP status and returns invalid_argument in the shape of a refusal.';
REVOKE ALL ON FUNCTION private.refuse_service(text, text) FROM PUBLIC, anon, authenticated, service_role;

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
    WITH windows AS MATERIALIZED (
        SELECT w.calls, w.successes, w.server_errors, w.errors, w.violations, w.latency
        FROM private.canary_windows AS w
        WHERE w.ended_at > p_from
          AND w.started_at >= p_since
          AND w.started_at < p_to
    ),
    latency (buckets) AS (
        SELECT array_agg(b.calls ORDER BY b.place)
        FROM (
            SELECT l.place, sum(l.calls)::bigint AS calls
            FROM windows AS w
            CROSS JOIN LATERAL unnest(w.latency) WITH ORDINALITY AS l (calls, place)
            GROUP BY l.place
        ) AS b
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

COMMIT;
