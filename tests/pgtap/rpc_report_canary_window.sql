-- A gateway reports what it saw.
BEGIN;
SELECT plan(40);
SELECT tap.fixture();

-- A report as a gateway sends it, with changes; and what a service hears.
CREATE FUNCTION tap.report(p_changes jsonb DEFAULT '{}')
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_given  jsonb := jsonb_build_object(
        'p_instance_id', tap.id('gateway'),
        'p_started_at', clock_timestamp() - interval '20 seconds',
        'p_ended_at', clock_timestamp() - interval '10 seconds',
        'p_latency_bounds', private.latency_bounds(),
        'p_is_last', false,
        'p_actions', jsonb_build_object('consume_part', jsonb_build_object(
            'statuses', jsonb_build_object('200', 3, '409', 1, '404', 1),
            'codes', jsonb_build_object('insufficient_stock', 1, 'PGRST202', 1),
            'latency', tap.latency('{"7": 4, "600": 1}')))) || p_changes;
    v_answer jsonb;
BEGIN
    PERFORM set_config('response.status', '', true);
    v_answer := tap.answer('service_role', NULL, format(
        'SELECT public.report_canary_window(%L, %L, %L, %L, %L, %L)',
        v_given ->> 'p_instance_id', v_given ->> 'p_started_at', v_given ->> 'p_ended_at',
        (SELECT array_agg(b.value::integer ORDER BY b.place)
         FROM jsonb_array_elements_text(nullif(v_given -> 'p_latency_bounds', 'null'))
             WITH ORDINALITY AS b (value, place)),
        nullif(v_given -> 'p_actions', 'null'), v_given ->> 'p_is_last'))::jsonb;
    PERFORM set_config('tap.status', current_setting('response.status'), true);
    RETURN v_answer;
END
$function$;
CREATE FUNCTION tap.newest_window()
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
AS $function$
    SELECT to_jsonb(w) - ARRAY['instance_id', 'started_at', 'ended_at', 'received_at', 'actions']
    FROM private.canary_windows AS w
    ORDER BY w.received_at DESC
    LIMIT 1
$function$;

-- Shape and audience.
SELECT function_returns(
    'public', 'report_canary_window',
    ARRAY['uuid', 'timestamp with time zone', 'timestamp with time zone', 'integer[]', 'jsonb',
          'boolean'],
    'jsonb', 'it answers with one jsonb value');
SELECT tap.is_service_rpc('report_canary_window');

-- Recorded.
SELECT is(
    tap.report(), '{"success": true, "action": "report_canary_window", "decision": "hold",
                    "cause": "not_watched"}', 'a window is recorded, and the ramp decided upon');
SELECT is(tap.status(), 200, 'with 200');
SELECT is(
    tap.newest_window(),
    jsonb_build_object(
        'is_last', false, 'calls', 5, 'successes', 4, 'server_errors', 0, 'errors', 0,
        'violations', 0, 'latency', tap.latency('{"7": 4, "600": 1}')),
    'refusals by a rule are successes, what a client got wrong is neither that nor an error');

-- What an error is, and what is not.
SELECT is(
    (SELECT jsonb_object_agg(s.status, jsonb_build_array(w.successes, w.server_errors, w.errors))
     FROM unnest(ARRAY['200', '201', '206', '304', '400', '403', '404', '405', '406', '409', '413',
                       '416', '423', '500', '503', '504', 'aborted']) AS s (status)
     CROSS JOIN LATERAL private.window_sums(jsonb_build_object(
         'search_parts', jsonb_build_object(
             'statuses', jsonb_build_object(s.status, 1), 'latency', tap.latency('{"1": 1}')))) AS w),
    '{"200": [1, 0, 0], "201": [1, 0, 0], "206": [1, 0, 0], "304": [1, 0, 0], "400": [0, 0, 0],
      "403": [0, 0, 0], "404": [0, 0, 0], "405": [0, 0, 1], "406": [0, 0, 1], "409": [0, 0, 0],
      "413": [0, 0, 1], "416": [0, 0, 1], "423": [0, 0, 0], "500": [0, 1, 1], "503": [0, 1, 1],
      "504": [0, 1, 1], "aborted": [0, 0, 1]}'::jsonb,
    'errors are 5xx, 405, 406, 413, 416 and what was aborted');
SELECT is(
    (SELECT (w.violations, w.successes)::text
     FROM private.window_sums(jsonb_build_object('search_parts', jsonb_build_object(
         'statuses', '{"403": 2}'::jsonb, 'codes', '{"42501": 1, "not_on_yacht": 1}'::jsonb,
         'latency', tap.latency('{"1": 2}')))) AS w),
    '(1,1)', 'a violation is a 42501; a refusal of a stranger is none');
SELECT is(
    (SELECT (w.calls, w.server_errors)::text
     FROM private.window_sums(jsonb_build_object(
         'reconcile', '{"statuses": {"500": 9}}'::jsonb, 'no_function', '{"statuses": {"500": 9}}'::jsonb,
         'search_parts', jsonb_build_object(
             'statuses', '{"200": 2}'::jsonb, 'latency', tap.latency('{"1": 2}')),
         'consume_part', jsonb_build_object(
             'statuses', '{"500": 1}'::jsonb, 'latency', tap.latency('{"1": 1}')))) AS w),
    '(3,1)', 'actions are added up, and what is no action is left out');

-- Again.
SELECT is(
    (SELECT jsonb_build_array(tap.report(r.report) ->> 'success', tap.report(r.report) ->> 'success',
                              (SELECT count(*) FROM private.canary_windows))
     FROM (SELECT jsonb_build_object(
         'p_started_at', now() - interval '50 seconds', 'p_ended_at', now() - interval '40 seconds')
     ) AS r (report)),
    '["true", "true", 1]'::jsonb, 'a window that is sent again is answered alike');
SELECT is(
    (SELECT array_agg(w.calls) FROM private.canary_windows AS w), ARRAY[5, 5],
    'and counts once');
SELECT is(
    tap.report(jsonb_build_object(
        'p_started_at', now() - interval '50 seconds', 'p_ended_at', now() - interval '40 seconds',
        'p_actions', '{}'::jsonb)) ->> 'success',
    'true', 'with other calls too');
SELECT is(
    (SELECT array_agg(w.calls) FROM private.canary_windows AS w), ARRAY[5, 5],
    'and what was recorded stays');
SELECT is(
    tap.report('{"p_actions": {}, "p_is_last": true}'::jsonb || jsonb_build_object(
        'p_instance_id', tap.id('other gateway'))) ->> 'success',
    'true', 'a window without calls is a window');
SELECT is(
    tap.newest_window() - 'latency',
    '{"is_last": true, "calls": 0, "successes": 0, "server_errors": 0, "errors": 0, "violations": 0}',
    'that says that nobody called, and that none will follow');

-- What is wrong.
SELECT is(
    tap.report(jsonb_build_object('p_instance_id', tap.id('a third')) || c.changes) || jsonb_build_object('status', tap.status()),
    jsonb_build_object(
        'code', 'invalid_argument', 'message', 'An argument is missing or invalid',
        'hint', 'See details for the argument and the reason.', 'status', 400,
        'details', jsonb_build_object('argument', c.argument, 'reason', c.reason)::text),
    format('%s: %s', c.argument, c.what))
FROM (VALUES
    ('{"p_instance_id": null}'::jsonb, 'p_instance_id', 'is null', 'none'),
    ('{"p_started_at": null}', 'p_started_at', 'is null', 'none'),
    ('{"p_ended_at": null}', 'p_ended_at', 'is null', 'none'),
    ('{"p_actions": null}', 'p_actions', 'is null', 'none'),
    (jsonb_build_object('p_started_at', now(), 'p_ended_at', now()), 'p_ended_at',
     'is not within 10 minutes of p_started_at', 'no time'),
    (jsonb_build_object('p_started_at', now() - interval '601 seconds', 'p_ended_at', now()),
     'p_ended_at', 'is not within 10 minutes of p_started_at', 'too long a time'),
    (jsonb_build_object('p_ended_at', now() + interval '5 minutes'), 'p_ended_at', 'is in the future',
     'not yet'),
    ('{"p_latency_bounds": null}', 'p_latency_bounds', 'are not those of this database', 'none'),
    ('{"p_latency_bounds": [1, 2]}', 'p_latency_bounds', 'are not those of this database', 'others'),
    (jsonb_build_object('p_instance_id', tap.id('gateway'),
                        'p_started_at', now() - interval '55 seconds',
                        'p_ended_at', now() - interval '45 seconds'),
     'p_actions', 'overlaps another window of the instance', 'calls of another window'),
    ('{"p_actions": {"consume_part": {"statuses": {"200": 1}, "latency": []}}}', 'p_actions',
     'has more or fewer calls in statuses than in latency', 'calls without a latency'),
    ('{"p_actions": []}', 'p_actions', 'is no report: cannot call jsonb_each on a non-object',
     'a list'),
    ('{"p_actions": {"consume_part": {"statuses": {"200": "many"}}}}', 'p_actions',
     'is no report: invalid input syntax for type integer: "many"', 'no number'),
    ('{"p_actions": {"consume_part": {"statuses": {"200": 1e10}}}}', 'p_actions',
     'is no report: value "10000000000" is out of range for type integer', 'too many'),
    ('{"p_actions": {"consume_part": {"latency": {}}}}', 'p_actions',
     'is no report: cannot extract elements from an object', 'no list of buckets'),
    ('{"p_actions": {"consume_part": {"statuses": {"200": 1, "500": -1}}}}', 'p_actions',
     'is no report: new row for relation "canary_windows" violates check constraint "counts_are_of_the_calls"',
     'fewer than no errors')
) AS c (changes, argument, reason, what);
SELECT is(
    (SELECT count(*) FROM private.canary_windows AS w), 3::bigint, 'what is wrong is not recorded');
SELECT is(
    (SELECT count(*) FROM public.pms_audit_log AS l), 0::bigint, 'and is in no yacht''s log');

-- Decided upon.
SELECT tap.set_canary(clock_timestamp() - interval '1 minute', 20);
UPDATE private.canary_decisions SET newest_at = clock_timestamp() - interval '31 seconds';
DELETE FROM private.canary_windows;
SELECT is(
    tap.report(jsonb_build_object('p_started_at', clock_timestamp() - interval '50 seconds',
                                  'p_ended_at', clock_timestamp() - interval '40 seconds'))
    ->> 'cause',
    'soak', 'a report half a minute after the last decision is decided upon');
SELECT is(
    tap.report() ->> 'cause', NULL, 'the next one at leisure');
SELECT is(
    tap.report(jsonb_build_object(
        'p_started_at', clock_timestamp() - interval '9 seconds', 'p_ended_at', clock_timestamp(),
        'p_actions', jsonb_build_object('consume_part', jsonb_build_object(
            'statuses', '{"500": 6}'::jsonb, 'latency', tap.latency('{"7": 6}'))))) - 'action',
    '{"success": true, "decision": "fall_back", "cause": "alarm"}',
    'but an alarming one at once');
SELECT is(
    (SELECT f.canary_percentage FROM public.feature_flags AS f), 0, 'and everybody is out');

SELECT * FROM finish();
ROLLBACK;
