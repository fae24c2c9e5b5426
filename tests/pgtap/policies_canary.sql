-- Who may see and change the ramp: people read the flags, a call of a service does the rest.
BEGIN;
SELECT plan(56);
SELECT tap.fixture();
SELECT tap.set_canary(now(), 20);
SELECT is(private.reconcile(now()) ->> 'verdict', 'pass', 'there is a reconciliation to see');
SELECT tap.windows('gateway', '0', '1 minute');

SELECT is(
    tap.answer('authenticated', w.who, 'SELECT count(*) FROM public.feature_flags'), '1',
    format('%s reads the flags', w.who))
FROM unnest(ARRAY['crew', 'captain', 'stranger', 'nobody']) AS w (who);
SELECT tap.refuses('public.feature_flags', 'authenticated', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.feature_flags', r.role, NULL,
                   ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])
FROM unnest(ARRAY['anon', 'service_role']) AS r (role);
SELECT tap.refuses('public.feature_flags', 'pms_rpc', NULL, ARRAY['INSERT', 'DELETE', 'TRUNCATE']);

SELECT throws_ok(
    format('SELECT tap.run_as(%L, NULL, %L)', r.role, 'SELECT FROM private.' || t.name), '42501',
    'permission denied for schema private', format('%s may not see %s', r.role, t.name))
FROM unnest(ARRAY['authenticated', 'service_role']) AS r (role)
CROSS JOIN unnest(ARRAY['canary_steps', 'canary_criteria', 'canary_windows', 'canary_decisions',
                        'reconciliations']) AS t (name);
SELECT tap.refuses('private.' || t.name, 'pms_rpc', NULL, t.commands)
FROM (VALUES
    ('canary_steps', ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']),
    ('canary_criteria', ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']),
    ('canary_windows', ARRAY['UPDATE', 'DELETE', 'TRUNCATE']),
    ('canary_decisions', ARRAY['DELETE', 'TRUNCATE']),
    ('reconciliations', ARRAY['DELETE', 'TRUNCATE'])
) AS t (name, commands);

-- An RPC of a person has the privileges of pms_rpc, and row security keeps it out.
SELECT is(
    tap.answer('pms_rpc', 'captain', 'SELECT count(*) FROM private.' || t.name), '0',
    format('an RPC of a person sees nothing of %s', t.name))
FROM unnest(ARRAY['canary_steps', 'canary_criteria', 'canary_windows', 'canary_decisions',
                  'reconciliations']) AS t (name);
SELECT is(
    tap.answer('pms_rpc', 'captain', $$
        WITH u AS (UPDATE public.feature_flags SET canary_percentage = 0 RETURNING 1)
        SELECT count(*) FROM u$$), '0', 'nor does it change a flag');
SELECT throws_ok(
    format('SELECT tap.run_as(%L, %L, %L)', 'pms_rpc', 'captain', t.command), '42501',
    format('new row violates row-level security policy for table "%s"', t.name),
    format('nor does it write into %s', t.name))
FROM (VALUES
    ('reconciliations',
     'INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired) VALUES (now(), 0, 0, 0)'),
    ('canary_windows',
     'INSERT INTO private.canary_windows SELECT gen_random_uuid(), now(), now() + ''1 s'', false, 0, 0, 0, 0, 0, ''{}'', ''{}'''),
    ('canary_decisions',
     'INSERT INTO private.canary_decisions (flag_name, decision, cause, percentage_before,
          percentage_after, figures, actor, is_watched, decided_at, newest_at)
      VALUES (''part_lens_v2'', ''hold'', ''x'', 1, 1, ''{}'', ''x'', true, now(), now())')
) AS t (name, command);
SELECT * FROM finish();
ROLLBACK;
