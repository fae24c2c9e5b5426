-- The ramp with a clock of the test's own: each threshold just under and just over, what holds, what
-- falls back, and that it stays there.
BEGIN;
SELECT plan(76);
SELECT tap.fixture();

-- Everything that is well for a day goes on; 20 % has 5 % before it and 50 % after it.
SELECT is(tap.ramp(20, c.elapsed, '1 hour', c.report), c.decision, c.what)
FROM (VALUES
    ('24 hours'::interval, '{"calls": 200}'::jsonb, 'advance passed 20>50',
     'a step that soaked with enough calls and no fault goes on'),
    ('23 hours 59 minutes', '{"calls": 200}', 'hold soak 20>20', 'a minute before its time it soaks'),
    ('24 hours', '{"calls": 199}', 'hold too_few_calls 20>20', '199 calls prove nothing'),
    ('24 hours', '{"calls": 0}', 'hold too_few_calls 20>20', 'no calls prove nothing'),
    ('24 hours', '{"calls": 200, "server_errors": 1}',
     'fall_back criterion 20>5 {server_errors}', 'one answer with 5xx of 200 calls is one too many'),
    ('24 hours', '{"calls": 10, "server_errors": 1}',
     'fall_back criterion 20>5 {server_errors}', 'one 5xx is, of however few calls'),
    ('24 hours', '{"calls": 200, "violations": 1}',
     'fall_back alarm 20>0 {violations}', 'one violation sends everybody back, whenever it was'),
    ('24 hours', '{"calls": 200, "latency": {"10": 180, "500": 11, "600": 9}}',
     'advance passed 20>50', 'a P95 of 495 ms is under 500'),
    ('24 hours', '{"calls": 200, "latency": {"10": 180, "500": 10, "600": 10}}',
     'fall_back criterion 20>5 {p95_ms}', 'a P95 of 500 ms is not under 500'),
    ('24 hours', '{"calls": 199, "latency": {"10": 99, "600": 100}}',
     'hold too_few_calls 20>20', 'a slow P95 of 199 calls is not judged'),
    ('24 hours', '{"calls": 200, "latency": {"10": 190, "1000": 9, "1250": 1}}',
     'advance passed 20>50', 'a P99 of 972 ms is under 1000'),
    ('24 hours', '{"calls": 200, "latency": {"10": 190, "1000": 8, "1250": 2}}',
     'fall_back criterion 20>5 {p99_ms}', 'a P99 of 1000 ms is not under 1000'),
    ('24 hours', '{"calls": 1000, "successes": 991}',
     'advance passed 20>50', '99.1 % success is above 99'),
    ('24 hours', '{"calls": 1000, "successes": 990}',
     'fall_back criterion 20>5 {success_rate}', '99 % success is not above 99'),
    ('24 hours', '{"calls": 1000, "errors": 9}', 'advance passed 20>50',
     '0.9 % errors are under 1'),
    ('24 hours', '{"calls": 1000, "errors": 10}',
     'fall_back criterion 20>5 {error_rate,success_rate}', '1 % errors are not under 1'),
    ('24 hours', '{"calls": 199, "errors": 100}', 'hold too_few_calls 20>20',
     'a rate of 199 calls is not judged')
) AS c (elapsed, report, decision, what);

-- At 100 % there is no step to go to, and fewer errors are allowed.
SELECT is(tap.ramp(100, '7 days', '1 hour', c.report), c.decision, c.what)
FROM (VALUES
    ('{"calls": 1000, "errors": 4}'::jsonb, 'hold complete 100>100',
     'a week at 100 % with 0.4 % errors is complete'),
    ('{"calls": 1000, "errors": 5}', 'fall_back criterion 100>50 {error_rate}',
     '0.5 % errors are too many at 100 %')
) AS c (report, decision, what);

-- Alarms look at the last five minutes, and do not wait for the soak.
SELECT is(tap.ramp(20, '2 hours', c.at, c.report), c.decision, c.what)
FROM (VALUES
    ('1 hour 58 minutes'::interval, '{"calls": 1000, "server_errors": 5}'::jsonb,
     'fall_back criterion 20>5 {server_errors}', 'five 5xx in five minutes are no alarm'),
    ('1 hour 58 minutes', '{"calls": 1000, "server_errors": 6}',
     'fall_back alarm 20>0 {server_errors}', 'six are one'),
    ('1 hour 54 minutes', '{"calls": 1000, "server_errors": 6}',
     'fall_back criterion 20>5 {server_errors}', 'six that are six minutes old are not'),
    ('1 hour 58 minutes', '{"calls": 1000, "errors": 20}',
     'fall_back criterion 20>5 {error_rate,success_rate}', '2 % errors are no alarm'),
    ('1 hour 58 minutes', '{"calls": 1000, "errors": 21}',
     'fall_back alarm 20>0 {error_rate}', '2.1 % are one'),
    ('1 hour 58 minutes', '{"calls": 20, "errors": 1}',
     'fall_back alarm 20>0 {error_rate}', 'one error of 20 calls is one'),
    ('1 hour 58 minutes', '{"calls": 19, "errors": 19}', 'hold soak 20>20',
     'a rate of 19 calls raises no alarm'),
    ('1 hour 58 minutes', '{"calls": 20, "latency": {"10": 18, "500": 2}}', 'hold soak 20>20',
     'a P95 of 500 ms in five minutes is no alarm'),
    ('1 hour 58 minutes', '{"calls": 20, "latency": {"10": 18, "501": 2}}',
     'fall_back alarm 20>0 {p95_ms}', 'one of more than 500 ms is one'),
    ('1 hour 58 minutes', '{"calls": 19, "latency": {"501": 19}}', 'hold soak 20>20',
     'a P95 of 19 calls raises no alarm')
) AS c (at, report, decision, what);
SELECT is(
    tap.ramp(20, c.elapsed, '1 minute', '{"calls": 20, "latency": {"10": 18, "501": 2}}'),
    c.decision, c.what)
FROM (VALUES
    ('4 minutes'::interval, 'hold soak 20>20', 'a step that is four minutes old was not slow for five'),
    ('5 minutes', 'fall_back alarm 20>0 {p95_ms}', 'a step that is five minutes old was')
) AS c (elapsed, decision, what);
SELECT is(
    tap.ramp(20, '4 minutes', '1 minute', '{"calls": 6, "server_errors": 6}'),
    'fall_back alarm 20>0 {server_errors}', 'six 5xx are an alarm at once');

-- Drift: seen, or found by a reconciliation that repaired it.
SELECT is(tap.ramp(20, '24 hours', '1 hour', '{"calls": 200}', c.doing), c.decision, c.what)
FROM (VALUES
    ('UPDATE public.pms_inventory_stock SET quantity = quantity + 1
      WHERE stock_id = tap.id(''other filter in other locker'')',
     'fall_back alarm 20>0 {drifting_stocks}', 'a cache that is wrong sends everybody back'),
    ('INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
      VALUES (tap.began(), 8, 1, 1)',
     'fall_back alarm 20>0 {drifting_stocks}', 'so does one that was repaired in this step'),
    ('INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
      VALUES (tap.began() - interval ''1 second'', 8, 1, 1)',
     'advance passed 20>50', 'one that was repaired before the step does not')
) AS c (doing, decision, what);

-- Windows that are missing.
SELECT is(tap.ramp(20, '24 hours', '1 hour', '{"calls": 200}', c.doing), c.decision, c.what)
FROM (VALUES
    ('DELETE FROM private.canary_windows WHERE started_at = tap.began() + interval ''8 hours''',
     'advance passed 20>50', 'a minute without a window is no gap'),
    ('WITH gone AS (
          DELETE FROM private.canary_windows WHERE started_at = tap.began() + interval ''8 hours'')
      UPDATE private.canary_windows SET started_at = started_at + interval ''1 second''
      WHERE started_at = tap.began() + interval ''8 hours 1 minute''',
     'hold gap 20>20', 'a minute and a second is one, and holds'),
    ('DELETE FROM private.canary_windows WHERE started_at < tap.began() + interval ''2 minutes''
      AND calls = 0', 'hold gap 20>20', 'so does one at the beginning'),
    ('DELETE FROM private.canary_windows WHERE ended_at > tap.began() + interval ''23 hours 58 minutes''
      AND calls = 0', 'hold gap 20>20', 'and one at the end'),
    ('DELETE FROM private.canary_windows WHERE calls = 0', 'hold gap 20>20',
     'and one window with all the calls'),
    ('SELECT tap.windows(''second'', ''3 hours'', ''24 hours'')',
     'advance passed 20>50', 'a second gateway may begin later'),
    ('SELECT tap.windows(''second'', ''0'', ''9 hours'')',
     'hold gap 20>20', 'one that ends without a word holds'),
    ('SELECT tap.windows(''second'', ''0'', ''9 hours'');
      UPDATE private.canary_windows SET is_last = true
      WHERE instance_id = tap.id(''second'') AND ended_at = tap.began() + interval ''9 hours''',
     'advance passed 20>50', 'one that says so does not'),
    ('SELECT tap.windows(''second'', ''0'', ''9 hours''), tap.windows(''second'', ''9:02'', ''24 hours'')',
     'hold gap 20>20', 'one of whose windows are missing in between holds'),
    ('SELECT tap.windows(''second'', ''-1 hour'', ''-30 minutes'')',
     'advance passed 20>50', 'one that ended before the step began does not'),
    ('UPDATE private.canary_windows SET instance_id = tap.id(''second'')
      WHERE started_at >= tap.began() + interval ''9 hours'';
      UPDATE private.canary_windows SET is_last = true
      WHERE ended_at = tap.began() + interval ''9 hours''',
     'advance passed 20>50', 'a gateway that takes over leaves no gap')
) AS c (doing, decision, what);

-- What happened under another percentage is not this step's.
SELECT is(
    tap.ramp(20, '24 hours', '1 hour', '{"calls": 200}', c.doing), c.decision, c.what)
FROM (VALUES
    ('SELECT tap.windows(''gateway'', ''-10 minutes'', ''0'');
      SELECT tap.calls(''-1 minute'', ''{"calls": 500, "server_errors": 500, "violations": 9}'')',
     'advance passed 20>50', 'windows that began before the step do not count'),
    ('SELECT tap.windows(''gateway'', ''24:01'', ''24:03'');
      SELECT tap.calls(''24:01'', ''{"calls": 500, "server_errors": 500, "violations": 9}'')',
     'advance passed 20>50', 'windows that begin after the clock do not')
) AS c (doing, decision, what);

-- Who nobody ramps.
SELECT is(
    (SELECT to_jsonb(f) - 'updated_at' FROM public.feature_flags AS f),
    '{"flag_name": "part_lens_v2", "enabled": true, "canary_percentage": 100}',
    'a new installation has everybody in');
SELECT is(
    tap.decided(private.evaluate_canary(now())), 'hold not_watched 100>100',
    'nothing moves the flag before an operator has set it');
SELECT is(tap.ramp(20, '24 hours', '1 hour', '{"calls": 200}', c.doing), c.decision, c.what)
FROM (VALUES
    ('SELECT private.set_canary(tap.began(), 20, ''v1 is gone'', p_watched => false)',
     'hold not_watched 20>20', 'nor after one who retired v1'),
    ('SELECT private.set_canary(tap.began(), 20, ''a bug'', p_enabled => false)',
     'hold disabled 20>20', 'what is switched off holds'),
    ('SELECT private.set_canary(tap.began(), 0, ''not today'')',
     'hold at_zero 0>0', 'an operator starts the ramp, not the calls of v1'),
    ('SELECT private.set_canary(tap.began(), 30, ''by hand'')',
     'advance passed 30>50', 'between two steps the next one is the one above'),
    ('SELECT private.set_canary(tap.began(), 30, ''by hand'');
      SELECT tap.calls(''1 hour'', ''{"calls": 200, "server_errors": 1}'')',
     'fall_back criterion 30>20 {server_errors}', 'and the one before the one below')
) AS c (doing, decision, what);

-- The whole ramp.
SELECT tap.set_canary(tap.began(), 5);
SELECT tap.windows('gateway', '0', '240:00', '1 minute');
UPDATE private.canary_windows SET calls = 1, successes = 1, latency = (SELECT tap.latency('{"10": 1}'));
SELECT is(
    tap.decided(private.evaluate_canary(tap.began() + c.at)), c.decision,
    format('the ramp at %s', c.at))
FROM (VALUES
    ('23:59'::interval, 'hold soak 5>5'),
    ('24:00', 'advance passed 5>20'),
    ('24:00', 'hold soak 20>20'),
    ('48:00', 'advance passed 20>50'),
    ('95:59', 'hold soak 50>50'),
    ('96:00', 'advance passed 50>100')
) AS c (at, decision);

-- Back, and staying there.
SELECT tap.calls('97:00', '{"calls": 1, "server_errors": 1}');
SELECT is(
    tap.decided(private.evaluate_canary(tap.began() + c.at)), c.decision, c.what)
FROM (VALUES
    ('97:01'::interval, 'fall_back criterion 100>50 {server_errors}', 'it falls back by one step'),
    ('150:00', 'hold fell_back 50>50', 'however well it goes there, it stays')
) AS c (at, decision, what);
SELECT tap.calls('151:00', '{"calls": 6, "server_errors": 6}');
SELECT is(
    tap.decided(private.evaluate_canary(tap.began() + c.at)), c.decision, c.what)
FROM (VALUES
    ('151:01'::interval, 'fall_back alarm 50>0 {server_errors}',
     'where it stays, an alarm still sends everybody back'),
    ('200:00', 'hold fell_back 0>0', 'and there it stays')
) AS c (at, decision, what);
SELECT tap.set_canary(tap.began() + interval '200:00', 5);
SELECT is(
    tap.decided(private.evaluate_canary(tap.began() + interval '224:00')), 'advance passed 5>20',
    'set again for a reason, it goes on');

-- What is kept of it.
SELECT results_eq(
    $$SELECT tap.decided(d), d.evaluations
      FROM private.canary_decisions AS d
      ORDER BY d.decision_id DESC
      LIMIT 5$$,
    $$VALUES ('advance passed 5>20', 1), ('set operator 0>5', 1), ('hold fell_back 0>0', 1),
             ('fall_back alarm 50>0 {server_errors}', 1), ('hold fell_back 50>50', 1)$$,
    'every decision is a row');
SELECT is(
    (SELECT d.figures - ARRAY['alarm', 'p99_ms']
     FROM private.canary_decisions AS d
     WHERE d.decision = 'advance'
     ORDER BY d.decision_id
     LIMIT 1),
    '{"calls": 1440, "windows": 1440, "server_errors": 0, "violations": 0, "gap": null,
      "success_rate": 100, "error_rate": 0, "p95_ms": 9.75}'::jsonb,
    'with its numbers');
SELECT is(
    (SELECT jsonb_build_array(d.reason, d.actor, d.decided_at)
     FROM private.canary_decisions AS d
     WHERE d.decision = 'set'
     ORDER BY d.decision_id DESC
     LIMIT 1),
    jsonb_build_array('for the test', session_user, tap.began() + interval '200:00'),
    'and an operator''s reason and name');
SELECT is(
    tap.decided(private.evaluate_canary(tap.began() + c.at)), 'hold soak 20>20',
    format('the next step at %s', c.at))
FROM (VALUES (interval '224:01'), ('224:02')) AS c (at);
SELECT is(
    (SELECT jsonb_build_array(tap.decided(d), d.evaluations, d.decided_at, d.newest_at)
     FROM private.canary_decisions AS d
     ORDER BY d.decision_id DESC
     LIMIT 1),
    jsonb_build_array(
        'hold soak 20>20', 2, tap.began() + interval '224:01', tap.began() + interval '224:02'),
    'holding again for the same cause is the same decision, counted');

-- An operator.
SELECT throws_ok(
    format('SELECT private.set_canary(now(), %s, %L)', c.percentage, c.reason), '22023', c.message,
    c.what)
FROM (VALUES
    ('5', NULL, 'a percentage is set for a reason', 'an operator gives a reason'),
    ('5', '  ', 'a percentage is set for a reason', 'a blank is none'),
    ('101', 'more', 'a percentage is a number from 0 to 100', 'there is no 101 %'),
    ('-1', 'less', 'a percentage is a number from 0 to 100', 'there is no -1 %')
) AS c (percentage, reason, message, what);

SELECT * FROM finish();
ROLLBACK;
