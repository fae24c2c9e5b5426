-- Refusals of people who are not on the yacht: for RPCs alone, whoever calls them.

BEGIN;
SELECT plan(11);

SELECT policies_are('private', 'denied_attempts', ARRAY['select_rpc', 'insert_rpc', 'update_rpc'],
                    'denied_attempts has these policies');

SELECT lives_ok(
    $$SELECT tap.run_as('pms_rpc', 'nobody',
        'INSERT INTO private.denied_attempts (user_id, minute, yacht_id, action)
         VALUES (tap.id(''nobody''), ''2026-01-01 00:00+00'', tap.id(''no yacht''),
                 ''consume_part'')')$$,
    'an attempt of anybody on any yacht is recorded');
SELECT is(
    tap.answer('pms_rpc', NULL,
               'WITH c AS (UPDATE private.denied_attempts AS d SET attempts = d.attempts + 1
                           RETURNING d.attempts)
                SELECT c.attempts FROM c'), '2',
    'a further attempt is counted');
SELECT is(
    tap.answer('pms_rpc', 'somebody else', 'SELECT d.attempts FROM private.denied_attempts AS d'),
    '2', 'the cap sees the attempts of everybody');
SELECT throws_ok(
    $$INSERT INTO private.denied_attempts (user_id, minute, yacht_id, action)
      VALUES (tap.id('nobody'), '2026-01-01 00:00:01+00', tap.id('no yacht'), 'consume_part')$$,
    '23514', 'new row for relation "denied_attempts" violates check constraint "minute_is_whole"',
    'attempts are counted by whole minutes');

SELECT tap.refuses('private.denied_attempts', 'pms_rpc', 'captain', ARRAY['DELETE', 'TRUNCATE']);
SELECT tap.refuses('private.denied_attempts', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
