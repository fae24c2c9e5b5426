-- A ramp with windows, at a time of the test's choice: everything happens after tap.began().

CREATE FUNCTION tap.began()
    RETURNS timestamptz
    LANGUAGE sql
    IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT timestamptz '2026-03-01 00:00:00+00'
$function$;

COMMENT ON FUNCTION tap.began() IS 'When the step of a test began.';

CREATE FUNCTION tap.latency(p_calls jsonb)
    RETURNS integer[]
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT array_agg(b.calls ORDER BY b.place)
    FROM (
        SELECT p.place, coalesce(sum(c.calls::integer), 0)::integer AS calls
        FROM (SELECT private.latency_bounds() AS bounds) AS l
        CROSS JOIN generate_series(1, cardinality(l.bounds) + 1) AS p (place)
        LEFT JOIN jsonb_each_text(p_calls) AS c (ms, calls)
            ON c.ms::numeric > coalesce(l.bounds[p.place - 1], 0)
           AND (l.bounds[p.place] IS NULL OR c.ms::numeric <= l.bounds[p.place])
        GROUP BY p.place
    ) AS b
$function$;

COMMENT ON FUNCTION tap.latency(jsonb) IS 'The buckets of calls, given as {"milliseconds": calls}.';

CREATE FUNCTION tap.windows(
    p_instance text,
    p_from     interval,
    p_to       interval,
    p_each     interval DEFAULT '1 minute'
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO private.canary_windows
        (instance_id, started_at, ended_at, is_last, calls, successes, server_errors, errors,
         violations, latency, actions)
    SELECT tap.id(p_instance), t.at, t.at + p_each, false, 0, 0, 0, 0, 0, n.latency, '{}'
    FROM generate_series(tap.began() + p_from, tap.began() + p_to - p_each, p_each) AS t (at)
    -- Once for all of them, which are thousands.
    CROSS JOIN (SELECT tap.latency('{}') AS latency OFFSET 0) AS n;
END
$function$;

COMMENT ON FUNCTION tap.windows(text, interval, interval, interval) IS
    'Windows of an instance without calls, one after the other, from p_from to p_to after tap.began().';

CREATE FUNCTION tap.calls(
    p_at     interval,
    p_report jsonb
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE private.canary_windows AS w
    SET calls = coalesce((p_report ->> 'calls')::integer, 0),
        successes = coalesce((p_report ->> 'successes')::integer,
                             (p_report ->> 'calls')::integer
                             - coalesce((p_report ->> 'errors')::integer,
                                        (p_report ->> 'server_errors')::integer, 0)),
        server_errors = coalesce((p_report ->> 'server_errors')::integer, 0),
        errors = coalesce((p_report ->> 'errors')::integer,
                          (p_report ->> 'server_errors')::integer, 0),
        violations = coalesce((p_report ->> 'violations')::integer, 0),
        latency = tap.latency(coalesce(
            p_report -> 'latency', jsonb_build_object('10', p_report ->> 'calls')))
    WHERE w.started_at = tap.began() + p_at;
END
$function$;

COMMENT ON FUNCTION tap.calls(interval, jsonb) IS
    'Puts calls into the window that begins p_at after tap.began(): all quick successes but what is said.';

CREATE FUNCTION tap.set_canary(
    p_at         timestamptz,
    p_percentage integer
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM private.set_canary(p_at, p_percentage, 'for the test');
END
$function$;

COMMENT ON FUNCTION tap.set_canary(timestamptz, integer) IS 'An operator sets the percentage.';

CREATE FUNCTION tap.decided(p_decision private.canary_decisions)
    RETURNS text
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('%s %s %s>%s%s', p_decision.decision, p_decision.cause,
                  p_decision.percentage_before, p_decision.percentage_after,
                  nullif(' ' || p_decision.failed::text, ' {}'))
$function$;

COMMENT ON FUNCTION tap.decided(private.canary_decisions) IS 'A decision in a line.';

CREATE FUNCTION tap.ramp(
    p_percentage integer,
    p_elapsed    interval,
    p_at         interval,
    p_report     jsonb,
    p_then       text DEFAULT 'SELECT'
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_decided text;
BEGIN
    PERFORM private.set_canary(tap.began(), p_percentage, 'for the test');
    PERFORM tap.windows('gateway', '0', p_elapsed);
    PERFORM tap.calls(p_at, p_report);
    EXECUTE p_then;
    v_decided := tap.decided(private.evaluate_canary(tap.began() + p_elapsed));
    RAISE EXCEPTION USING ERRCODE = 'TAPOK', MESSAGE = v_decided;
EXCEPTION WHEN SQLSTATE 'TAPOK' THEN
    RETURN SQLERRM;
END
$function$;

COMMENT ON FUNCTION tap.ramp(integer, interval, interval, jsonb, text) IS
    'What is decided p_elapsed after a step was set, when the window p_at had these calls and the others none, and p_then was run. What it did is undone.';

CREATE FUNCTION tap.is_service_rpc(p_function text)
    RETURNS SETOF text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = tap, pg_catalog, pg_temp
AS $function$
DECLARE
    v_role text;
BEGIN
    RETURN NEXT tap.is_definer('public', p_function,
        format('%s runs with the rights of its owner', p_function));
    RETURN NEXT tap.is(
        (SELECT f.proowner::regrole::text
         FROM pg_catalog.pg_proc AS f
         WHERE f.oid = format('public.%I', p_function)::regproc),
        'pms_rpc', format('%s belongs to pms_rpc', p_function));
    FOREACH v_role IN ARRAY ARRAY['captain', 'manager', NULL] LOOP
        RETURN NEXT tap.throws_ok(
            format('SELECT tap.answer(%L, %L, %L)',
                   CASE WHEN v_role IS NULL THEN 'anon' ELSE 'authenticated' END, v_role,
                   format('SELECT public.%I()', p_function)),
            '42501', 'permission denied for function ' || p_function,
            format('%s is not for %s', p_function, coalesce('a ' || v_role, 'nobody')));
    END LOOP;
END
$function$;

COMMENT ON FUNCTION tap.is_service_rpc(text) IS
    'Five tests: an RPC, all of whose parameters have defaults, is executable by a service alone.';
