-- The audit log: append-only for everybody, by month; retention detaches and drops.

BEGIN;
SELECT plan(121);
SELECT tap.fleet();
-- TRUNCATE … CASCADE names what it would take along.
SET LOCAL client_min_messages = warning;

SELECT is_partitioned('public', 'pms_audit_log', 'the audit log is partitioned');
SELECT is_partition_of('private', to_char(m.month, '"pms_audit_log_"YYYY_MM'), 'public',
                       'pms_audit_log',
                       format('the audit log has a partition for %s', to_char(m.month, 'YYYY-MM')))
FROM generate_series('2026-01-01', '2028-12-01', interval '1 month') AS m (month);
SELECT is_partition_of('private', 'pms_audit_log_default', 'public', 'pms_audit_log',
                       'rows of other months have a partition too');

-- Rows at both edges of a month, and one of a month without a partition.
INSERT INTO public.pms_audit_log (yacht_id, audit_id, created_at, action, outcome)
VALUES (tap.id('yacht'), tap.id('last of january'), '2026-01-31 23:59:59.999999+00', 'a', 'ok'),
       (tap.id('yacht'), tap.id('first of february'), '2026-02-01 00:00:00+00', 'a', 'ok'),
       (tap.id('yacht'), tap.id('far'), '2030-05-31 23:59:59.999999+00', 'a', 'ok'),
       (tap.id('yacht'), tap.id('farther'), '2030-06-01 00:00:00+00', 'a', 'ok');
SELECT results_eq(
    $$SELECT a.audit_id, a.tableoid::regclass::text
      FROM public.pms_audit_log AS a
      ORDER BY a.created_at$$,
    $$VALUES (tap.id('last of january'), 'private.pms_audit_log_2026_01'),
             (tap.id('first of february'), 'private.pms_audit_log_2026_02'),
             (tap.id('far'), 'private.pms_audit_log_default'),
             (tap.id('farther'), 'private.pms_audit_log_default')$$,
    'a row goes to the month of its UTC time, or to the default partition');

INSERT INTO public.pms_audit_log (yacht_id, audit_id, action, outcome)
VALUES (tap.id('yacht'), tap.id('plain'), 'a', 'ok'),
       (tap.id('no yacht'), tap.id('no yacht'), 'a', 'ok');
SELECT results_eq(
    $$SELECT a.signature::jsonb, a.metadata, a.created_at BETWEEN now() AND clock_timestamp()
      FROM public.pms_audit_log AS a
      WHERE a.audit_id = tap.id('plain')$$,
    $$VALUES ('{}'::jsonb, '{}'::jsonb, true)$$,
    'a row has an empty signature and the clock''s time unless it says otherwise');
SELECT results_eq(
    $$SELECT a.yacht_id FROM public.pms_audit_log AS a WHERE a.audit_id = tap.id('no yacht')$$,
    $$VALUES (tap.id('no yacht'))$$,
    'a row needs no yacht in the registry');

SELECT throws_ok(
    format('INSERT INTO public.pms_audit_log (yacht_id, created_at, action, outcome, error_code,
                                              signature)
            VALUES (tap.id(%L), %L, %L, %s)', 'yacht', '2026-01-01', 'a', v.rest),
    v.code, v.message, v.description)
FROM (VALUES
    ($$'maybe', NULL, '{}'$$, '23514',
     'value for domain private.audit_outcome violates check constraint "outcome_is_ok_or_rejected"',
     'an outcome that is neither ok nor rejected is refused'),
    ($$'ok', NULL, NULL$$, '23502',
     'domain private.signature_proof does not allow null values',
     'a signature that is NULL is refused'),
    ($$'ok', NULL, '{"pin": "verified"}'$$, '23514',
     'value for domain private.signature_proof violates check constraint "signature_is_complete"',
     'a signature with half its proof is refused')
) AS v (rest, code, message, description);

SELECT tap.refuses('public.pms_audit_log', a.role, a.who, ARRAY['UPDATE', 'DELETE', 'TRUNCATE'],
                   a.message)
FROM (VALUES
    ('superuser', NULL, 'public.pms_audit_log is append-only'),
    ('replica', NULL, 'public.pms_audit_log is append-only'),
    ('part_lens_deployer', NULL, 'public.pms_audit_log is append-only'),
    ('pms_owner', NULL, 'public.pms_audit_log is append-only'),
    ('pms_rpc', 'captain', NULL),
    ('authenticated', 'captain', NULL),
    ('service_role', NULL, NULL),
    ('authenticator', NULL, NULL),
    ('anon', NULL, NULL)
) AS a (role, who, message);

-- A partition can be named in a query, round its parent.
SELECT tap.refuses(p.name, a.role, a.who, ARRAY['UPDATE', 'DELETE', 'TRUNCATE'],
                   coalesce(a.message, p.name || ' is append-only'))
FROM (VALUES ('private.pms_audit_log_2026_01'), ('private.pms_audit_log_default')) AS p (name)
CROSS JOIN (VALUES
    ('superuser', NULL, NULL),
    ('replica', NULL, NULL),
    ('pms_owner', NULL, NULL),
    ('authenticated', 'captain', 'permission denied for schema private')
) AS a (role, who, message);

-- New months, by the deployer.
SELECT lives_ok(
    $$SELECT tap.run_as('part_lens_deployer', NULL,
        $inner$SELECT private.add_audit_months('2030-04-20', '2030-05-02')$inner$)$$,
    'the deployer may add months');
SELECT results_eq(
    $$SELECT a.audit_id, a.tableoid::regclass::text
      FROM public.pms_audit_log AS a
      WHERE a.created_at >= '2029-01-01'
      ORDER BY a.created_at$$,
    $$VALUES (tap.id('far'), 'private.pms_audit_log_2030_05'),
             (tap.id('farther'), 'private.pms_audit_log_default')$$,
    'rows of a new month move out of the default partition, others stay');
SELECT has_table('private', 'pms_audit_log_2030_04', 'an empty month is added as well');
SELECT hasnt_table('private', 'pms_audit_log_moving', 'what was moved leaves no table behind');
SELECT is_partition_of('private', 'pms_audit_log_default', 'public', 'pms_audit_log',
                       'there is a default partition again');
SELECT is(private.add_audit_months('2030-04-01', '2030-05-31'), 0, 'a month is added once');
SELECT is(private.add_audit_months('2031-01-31', '2031-03-01'), 3,
          'both ends count as whole months');
SELECT is(private.add_audit_months('2032-02-01', '2032-01-01'), 0, 'no months, none added');
SELECT is_empty('SELECT r.offender FROM tap.rule_append_only AS r',
                'new months are append-only themselves');
SELECT is_empty('SELECT r.offender FROM tap.rule_row_security AS r',
                'new months have row security, forced');
SELECT is_empty('SELECT r.offender FROM tap.rule_relation_owner AS r',
                'new months belong to the owner of the tables');
SELECT is_empty('SELECT r.offender FROM tap.rule_only_rpc_writes AS r',
                'new months give nobody more rights');

-- Retention.
SELECT is(private.drop_audit_months('2026-01-31'), 0, 'a month that has not ended is kept');
SELECT lives_ok(
    $$SELECT tap.run_as('part_lens_deployer', NULL,
        $inner$SELECT private.drop_audit_months('2026-02-01')$inner$)$$,
    'the deployer may drop months');
SELECT hasnt_table('private', 'pms_audit_log_2026_01', 'a month that has ended is dropped');
SELECT results_eq(
    $$SELECT a.audit_id
      FROM public.pms_audit_log AS a
      WHERE a.created_at < '2026-03-01'$$,
    $$VALUES (tap.id('first of february'))$$,
    'its rows are gone, those of the next month are not');
SELECT is(private.drop_audit_months('2026-05-01'), 3, 'retention says how many months it dropped');
SELECT results_eq(
    $$SELECT a.audit_id FROM public.pms_audit_log AS a WHERE a.audit_id = tap.id('farther')$$,
    $$VALUES (tap.id('farther'))$$,
    'retention leaves the default partition alone');

SELECT is(
    tap.outcome(a.role, 'captain', f.call),
    CASE a.role
        WHEN 'pms_rpc' THEN '42501 permission denied for function ' || f.name
        ELSE '42501 permission denied for schema private'
    END,
    format('%s may not call private.%s', a.role, f.name))
FROM unnest(ARRAY['pms_rpc', 'authenticated', 'service_role', 'anon']) AS a (role)
CROSS JOIN (VALUES
    ('add_audit_months', $$SELECT private.add_audit_months('2040-01-01', '2040-01-01')$$),
    ('drop_audit_months', $$SELECT private.drop_audit_months('2040-01-01')$$)
) AS f (name, call);

SELECT * FROM finish();
ROLLBACK;
