-- Whether v1 may be retired: each criterion just under and just over, and what proves nothing.
BEGIN;
SELECT plan(65);
SELECT tap.fleet();
UPDATE public.feature_flags SET updated_at = now();

-- A week and two days of windows at 100 %, with calls in both; everything signed; a key used once; stocks
-- compared with the ledger two hours before the week is over.
CREATE FUNCTION tap.ready()
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    PERFORM private.set_canary(tap.began() - interval '48 hours', 50, 'for the test');
    PERFORM private.set_canary(tap.began(), 100, 'for the test');
    PERFORM tap.windows('gateway', '-48 hours', '168 hours', '1 minute');
    PERFORM tap.calls('-1 hour', '{"calls": 1000}'), tap.calls('1 hour', '{"calls": 1000}');
    PERFORM tap.insert_movement(tap.movement('write_off'));
    INSERT INTO private.request_keys (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
    VALUES (tap.id('yacht'), 'key', tap.id('crew'), 'consume_part', '');
    INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
    VALUES (tap.began() + interval '166 hours', 0, 0, 0);
END
$function$;
-- The verdict on one criterion, with its figure, when something was done; undone afterwards.
CREATE FUNCTION tap.criterion(
    p_criterion text,
    p_doing     text     DEFAULT 'SELECT',
    p_elapsed   interval DEFAULT '168 hours'
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_verdict text;
BEGIN
    EXECUTE p_doing;
    SELECT format('%s %s', coalesce(trim_scale(r.figure)::text, 'none'), r.verdict) INTO v_verdict
    FROM private.release_readiness(tap.began() + p_elapsed) AS r
    WHERE r.criterion = p_criterion;
    RAISE EXCEPTION USING ERRCODE = 'TAPOK', MESSAGE = v_verdict;
EXCEPTION WHEN SQLSTATE 'TAPOK' THEN
    RETURN SQLERRM;
END
$function$;

SELECT tap.is_service_rpc('release_readiness');
SELECT results_eq(
    'SELECT r.criterion, r.threshold FROM private.release_readiness() AS r',
    $$VALUES ('days_at_100', '>= 7'), ('server_errors', '= 0'), ('p95_ms', '< 400'),
             ('error_rate', '< 0.3'), ('violations', '= 0'), ('server_errors_before', '= 0'),
             ('success_rate', '> 99'), ('p99_ms', '< 1000'), ('drift_rate', '< 0.1'),
             ('signed_rate', '= 100'), ('repeated_keys', '= 0'), ('hours_since_reconciliation', '<= 2'),
             ('log_error_verbosity', '= 0'), ('log_parameter_max_length', '= 0'),
             ('log_parameter_max_length_on_error', '= 0')$$,
    'every criterion has its row and its threshold');
SELECT is(
    tap.criterion(c.criterion, p_elapsed => now() - tap.began()), c.verdict,
    format('on the first day %s is: %s', c.criterion, c.verdict))
FROM (VALUES
    ('days_at_100', '0 fail'), ('server_errors', '0 not enough data'), ('p95_ms', 'none not enough data'),
    ('error_rate', 'none not enough data'), ('violations', '0 not enough data'),
    ('server_errors_before', '0 not enough data'), ('success_rate', 'none not enough data'),
    ('p99_ms', 'none not enough data'), ('drift_rate', '0 pass'), ('signed_rate', 'none not enough data'),
    ('repeated_keys', '0 not enough data'), ('hours_since_reconciliation', 'none not enough data')
) AS c (criterion, verdict);

SELECT tap.ready();
SELECT is_empty(
    $$SELECT r.criterion, r.figure, r.verdict
      FROM private.release_readiness(tap.began() + interval '168 hours') AS r
      WHERE r.verdict <> 'pass'$$,
    'with all of it, all pass');
SELECT is(
    (SELECT jsonb_agg(r.value -> 'criterion')
     FROM jsonb_array_elements(tap.answer(
         'service_role', NULL, 'SELECT public.release_readiness()')::jsonb) AS r (value)
     WHERE r.value ->> 'verdict' = 'pass'),
    '["days_at_100", "server_errors_before", "drift_rate", "signed_rate", "repeated_keys",
      "log_error_verbosity", "log_parameter_max_length", "log_parameter_max_length_on_error"]',
    'a service asks with the clock of the server, and sees the ledger as the deployer does');

SELECT is(tap.criterion(c.criterion, c.doing, c.elapsed), c.verdict, c.criterion || ': ' || c.what)
FROM (VALUES
    ('days_at_100', 'SELECT', '167 hours 59 minutes'::interval, '6.999 fail', 'a minute is missing'),
    ('days_at_100', 'SELECT private.set_canary(tap.began(), 100, ''off'', p_enabled => false)',
     '168 hours', 'none not enough data', 'it is switched off'),
    ('days_at_100', 'SELECT private.set_canary(tap.began(), 99, ''nearly'')', '168 hours',
     'none not enough data', 'it is not at 100'),
    ('server_errors', 'SELECT tap.calls(''2 hours'', ''{"calls": 1, "server_errors": 1}'')',
     '168 hours', '1 fail', 'one of 1001 calls'),
    ('server_errors', 'SELECT tap.calls(''2 hours'', ''{"calls": 1, "server_errors": 1}'')',
     '100 hours', '1 fail', 'one in less than a week'),
    ('server_errors', 'SELECT', '167 hours 59 minutes', '0 not enough data', 'none in less than a week'),
    ('server_errors', 'SELECT tap.calls(''-2 hours'', ''{"calls": 1, "server_errors": 1}'')',
     '168 hours', '0 pass', 'one before 100 %'),
    ('server_errors_before', 'SELECT tap.calls(''-2 hours'', ''{"calls": 1, "server_errors": 1}'')',
     '168 hours', '1 fail', 'one before 100 %'),
    ('server_errors_before', 'DELETE FROM private.canary_windows
      WHERE started_at < tap.began() - interval ''47 hours''',
     '168 hours', '0 not enough data', 'an hour without windows'),
    ('server_errors_before', 'SELECT tap.calls(''-1 hour'', ''{"calls": 199}'')',
     '168 hours', '0 not enough data', 'too few calls'),
    ('p95_ms', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "latency": {"10": 900, "400": 51, "450": 49}}'')',
     '168 hours', '399.02 pass', 'just under'),
    ('p95_ms', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "latency": {"10": 900, "400": 50, "450": 50}}'')',
     '168 hours', '400 fail', 'just not'),
    ('p95_ms', 'SELECT tap.calls(''1 hour'', ''{"calls": 199, "latency": {"5000": 199}}'')',
     '168 hours', '4909.548 not enough data', 'too few calls'),
    ('p95_ms', 'DELETE FROM private.canary_windows
      WHERE started_at >= tap.began() + interval ''90 hours''
        AND started_at < tap.began() + interval ''90 hours 2 minutes''',
     '168 hours', '9.75 not enough data', 'windows are missing'),
    ('p95_ms', 'SELECT tap.windows(''crashed'', ''10 hours'', ''11 hours'', ''1 minute'')',
     '168 hours', '9.75 pass', 'of one of two gateways they may be'),
    ('p99_ms', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "latency": {"10": 980, "1000": 11, "1250": 9}}'')',
     '168 hours', '977.273 pass', 'just under'),
    ('p99_ms', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "latency": {"10": 980, "1000": 10, "1250": 10}}'')',
     '168 hours', '1000 fail', 'just not'),
    ('p99_ms', 'SELECT tap.calls(''-1 hour'', ''{"calls": 1000, "latency": {"10": 980, "1000": 10, "1250": 10}}'')',
     '168 hours', '1000 fail', 'not in the hours before'),
    ('error_rate', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "errors": 2}'')',
     '168 hours', '0.2 pass', 'just under'),
    ('error_rate', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "errors": 3}'')',
     '168 hours', '0.3 fail', 'just not'),
    ('success_rate', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "successes": 991}'')',
     '168 hours', '99.1 pass', 'just above'),
    ('success_rate', 'SELECT tap.calls(''1 hour'', ''{"calls": 1000, "successes": 990}'')',
     '168 hours', '99 fail', 'just not'),
    ('success_rate', 'SELECT tap.calls(''-1 hour'', ''{"calls": 1000, "successes": 990}'')',
     '168 hours', '99 fail', 'not in the hours before'),
    ('violations', 'SELECT tap.calls(''2 hours'', ''{"calls": 1, "violations": 1}'')',
     '168 hours', '1 fail', 'one'),
    ('drift_rate', 'UPDATE public.pms_inventory_stock SET quantity = 99
      WHERE stock_id = tap.id(''filter in bin'')', '168 hours', '25 fail', 'one of four stocks'),
    ('drift_rate', 'INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
      VALUES (tap.began() + interval ''1 hour'', 1001, 1, 1)', '168 hours', '0.1 pass',
     'one of 1001 was repaired in the week'),
    ('drift_rate', 'INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
      VALUES (tap.began() + interval ''1 hour'', 1000, 1, 1)', '168 hours', '0.1 fail',
     'one of 1000 was'),
    ('drift_rate', 'INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
      VALUES (tap.began() - interval ''1 second'', 1000, 1000, 1)', '168 hours', '0 pass',
     'before the week they may have been'),
    ('repeated_keys', 'SELECT tap.insert_movement(tap.movement(t.type) || ''{"idempotency_key": "k"}'')
      FROM unnest(ARRAY[''received'', ''consumed'']) AS t (type)', '168 hours', '0 pass',
     'movements of two kinds are no proof'),
    ('repeated_keys', 'SELECT tap.insert_movement(tap.movement(''consumed'') || ''{"idempotency_key": "k"}'')
      FROM generate_series(1, 2)', '168 hours', '1 fail', 'two of one kind are'),
    ('repeated_keys', 'ALTER TABLE private.request_keys DROP CONSTRAINT request_keys_pkey;
      INSERT INTO private.request_keys SELECT * FROM private.request_keys', '168 hours', '1 fail',
     'a key that was claimed twice'),
    ('repeated_keys', 'DELETE FROM private.request_keys', '168 hours', '0 not enough data', 'no keys'),
    ('signed_rate', 'INSERT INTO public.pms_audit_log (yacht_id, actor_id, action, outcome)
      VALUES (tap.id(''yacht''), tap.id(''captain''), ''write_off_part'', ''ok'')', '168 hours',
     '50 fail', 'one of two'),
    ('signed_rate', 'INSERT INTO public.pms_audit_log (yacht_id, actor_id, action, outcome, signature)
      SELECT tap.id(''yacht''), tap.id(''captain''), ''write_off_part'', ''ok'', tap.proof()
      FROM generate_series(1, 999);
      INSERT INTO public.pms_audit_log (yacht_id, actor_id, action, outcome)
      VALUES (tap.id(''yacht''), tap.id(''captain''), ''write_off_part'', ''ok'')', '168 hours',
     '99.9 fail', '999 of 1000'),
    ('log_parameter_max_length', 'SET LOCAL log_parameter_max_length = -1', '168 hours', '-1 fail',
     'all of a parameter is logged'),
    ('log_parameter_max_length', 'SET LOCAL log_parameter_max_length = 1', '168 hours', '1 fail',
     'a byte is'),
    ('log_parameter_max_length_on_error', 'SET LOCAL log_parameter_max_length_on_error = 1024',
     '168 hours', '1024 fail', 'a kilobyte is'),
    ('log_error_verbosity', 'SET LOCAL log_error_verbosity = ''default''', '168 hours', '1 fail',
     'what an error quotes is logged'),
    ('log_error_verbosity', 'SET LOCAL log_error_verbosity = verbose', '168 hours', '2 fail',
     'and where it comes from'),
    ('hours_since_reconciliation', 'SELECT', '168 hours 1 minute', '2.017 fail',
     'nobody ticks, for a minute'),
    ('hours_since_reconciliation', 'DELETE FROM private.reconciliations', '168 hours',
     'none not enough data', 'nobody ever ticked'),
    ('hours_since_reconciliation', 'INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired)
      VALUES (tap.began() + interval ''169 hours'', 4, 0, 0)', '168 hours 1 minute', '2.017 fail',
     'a later one does not count'),
    ('hours_since_reconciliation', 'SELECT private.reconcile(tap.began() + interval ''168 hours'', y.yacht_id)
      FROM unnest(ARRAY[tap.id(''yacht''), tap.id(''no yacht'')]) AS y (yacht_id)', '168 hours 1 minute',
     '2.017 fail', 'nor does that of one yacht')
) AS c (criterion, doing, elapsed, verdict, what);

SELECT is(
    (SELECT tap.criterion('drift_rate', $$
        SET LOCAL session_replication_role = replica;
        DELETE FROM public.pms_inventory_stock;
        SET LOCAL session_replication_role = origin$$)),
    'none not enough data', 'drift_rate: no stock at all');
SELECT is(
    (SELECT array_agg(c.measure ORDER BY c.measure)
     FROM private.canary_criteria AS c
     WHERE c.purpose = 'release'),
    (SELECT array_agg(r.criterion ORDER BY r.criterion) FROM private.release_readiness() AS r),
    'no criterion is forgotten');

SELECT * FROM finish();
ROLLBACK;
