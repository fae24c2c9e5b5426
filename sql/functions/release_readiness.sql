-- private.release_readiness: may v1 be retired? One row per criterion with figure, threshold and verdict:
-- 'pass', 'fail', or 'not enough data', which is what no calls, missing windows and an empty ledger are.
-- The clock is an argument.

CREATE FUNCTION private.ledger_health()
    RETURNS TABLE (
        stocks        bigint,
        drifting      bigint,
        keys          bigint,
        repeated_keys bigint
    )
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_yacht_id uuid;
    v_one      record;
BEGIN
    stocks := 0;
    drifting := 0;
    keys := 0;
    repeated_keys := 0;
    FOR v_yacht_id IN
        SELECT y.yacht_id
        FROM public.yacht_registry AS y
    LOOP
        -- Row security shows a call of a service the yacht that is open.
        PERFORM set_config('part_lens.yacht_id', v_yacht_id::text, true);
        SELECT
            (SELECT count(*) FROM public.pms_inventory_stock AS s WHERE s.yacht_id = v_yacht_id)
                AS stocks,
            (SELECT count(*)
             FROM public.v_stock_from_transactions AS v
             WHERE v.yacht_id = v_yacht_id
               AND v.reconciliation_status = 'DRIFT') AS drifting,
            (SELECT count(*) FROM private.request_keys AS k WHERE k.yacht_id = v_yacht_id) AS keys,
            (
                SELECT count(*)
                FROM (
                    SELECT k.idempotency_key::text
                    FROM private.request_keys AS k
                    WHERE k.yacht_id = v_yacht_id
                    GROUP BY k.idempotency_key::text
                    HAVING count(*) > 1
                    UNION
                    -- A call makes at most one movement of these types.
                    SELECT t.idempotency_key
                    FROM public.pms_inventory_transactions AS t
                    WHERE t.yacht_id = v_yacht_id
                      AND t.idempotency_key IS NOT NULL
                      AND t.transaction_type IN ('consumed', 'received', 'write_off', 'transferred_out')
                    GROUP BY t.idempotency_key, t.transaction_type
                    HAVING count(*) > 1
                ) AS r
            ) AS repeated_keys
        INTO v_one;
        stocks := stocks + v_one.stocks;
        drifting := drifting + v_one.drifting;
        keys := keys + v_one.keys;
        repeated_keys := repeated_keys + v_one.repeated_keys;
    END LOOP;
    PERFORM set_config('part_lens.yacht_id', '', true);
    RETURN NEXT;
END
$function$;

ALTER FUNCTION private.ledger_health() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.ledger_health() IS
    'Over all yachts: stocks and those that disagree with the ledger, idempotency keys and those that were carried out more than once.';
REVOKE ALL ON FUNCTION private.ledger_health() FROM PUBLIC, anon, authenticated, service_role;

-- The figures, and per measure whether there is enough to judge it by.
CREATE FUNCTION private.release_figures(
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

ALTER FUNCTION private.release_figures(timestamptz, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.release_figures(timestamptz, text) IS
    'The figures of the release criteria as of p_now; is_enough: seven days, the hours before, calls, stocks or keys are there to judge them by.';
REVOKE ALL ON FUNCTION private.release_figures(timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.release_readiness(
    p_now       timestamptz DEFAULT clock_timestamp(),
    p_flag_name text        DEFAULT 'part_lens_v2'
)
    RETURNS TABLE (
        criterion   text,
        figure      numeric,
        threshold   text,
        verdict     text,
        description text
    )
    LANGUAGE sql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        c.measure,
        round(f.figure, 3),
        c.comparison || ' ' || c.threshold,
        CASE
            WHEN f.figure IS NULL THEN 'not enough data'
            -- What is wrong already will not become right by more data, but a rate of few calls may.
            WHEN NOT v.holds AND (f.is_enough OR NOT c.needs_calls) THEN 'fail'
            WHEN f.is_enough IS NOT TRUE THEN 'not enough data'
            ELSE 'pass'
        END,
        c.description
    FROM private.release_figures(p_now, p_flag_name)
        WITH ORDINALITY AS f (measure, figure, is_enough, place)
    JOIN private.canary_criteria AS c
        ON c.purpose = 'release'
       AND c.measure = f.measure
    CROSS JOIN LATERAL (
        SELECT x.holds
        FROM private.canary_verdicts(
            'release', 100, jsonb_build_object(f.measure, f.figure, 'calls', 0), 0) AS x
        WHERE x.measure = f.measure
    ) AS v
    ORDER BY f.place
$function$;

ALTER FUNCTION private.release_readiness(timestamptz, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.release_readiness(timestamptz, text) IS
    'The criteria before v1 is retired, as of p_now: figure, threshold, and pass, fail or not enough data.';
REVOKE ALL ON FUNCTION private.release_readiness(timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;
