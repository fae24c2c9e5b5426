-- Credentials, failures and enrolment codes are the caller's own; no API role comes near them.

BEGIN;
SELECT plan(35);
SELECT tap.fixture();
SELECT tap.enrol(p.who) FROM (VALUES ('captain'), ('crew')) AS p (who);
INSERT INTO private.signing_failures (user_id, action)
VALUES (tap.id('captain'), 'test'), (tap.id('crew'), 'test');
INSERT INTO private.enrolment_codes (yacht_id, user_id, code_sha256, issued_by, expires_at)
VALUES (tap.id('yacht'), tap.id('crew'), '\x00', tap.id('captain'), now()),
       (tap.id('other yacht'), tap.id('stranger'), '\x00', NULL, now());

SELECT policies_are('private', t.name, t.policies, t.name || ' has these policies')
FROM (VALUES
    ('signing_credentials', ARRAY['select_rpc', 'insert_rpc', 'update_rpc', 'delete_rpc']),
    ('signing_failures', ARRAY['select_rpc', 'insert_rpc']),
    ('enrolment_codes', ARRAY['select_rpc', 'insert_rpc', 'delete_rpc'])
) AS t (name, policies);
SELECT is(
    tap.answer('pms_rpc', t.who, format('SELECT array_agg(x.user_id) FROM private.%I AS x', t.name)),
    t.sees::text,
    format('an RPC that %s calls sees of %s %s', t.who, t.name, t.what))
FROM (VALUES
    ('signing_credentials', 'crew', ARRAY[tap.id('crew')], 'their own'),
    ('signing_credentials', 'manager', NULL, 'nothing'),
    ('signing_failures', 'crew', ARRAY[tap.id('crew')], 'their own'),
    ('signing_failures', 'manager', NULL, 'nothing'),
    ('enrolment_codes', 'crew', ARRAY[tap.id('crew')], 'those of the yacht'),
    ('enrolment_codes', 'manager', ARRAY[tap.id('crew')], 'those of the yacht'),
    ('enrolment_codes', 'stranger', ARRAY[tap.id('stranger')], 'those of the yacht'),
    ('enrolment_codes', 'dismissed', NULL, 'nothing')
) AS t (name, who, sees, what);
SELECT is(
    tap.outcome('pms_rpc', 'captain', t.statement), t.outcome, t.what)
FROM (VALUES
    (format('INSERT INTO private.signing_failures (user_id, action) VALUES (%L, ''x'')',
            tap.id('crew')),
     '42501 new row violates row-level security policy for table "signing_failures"',
     'no failure is counted against another'),
    (format('INSERT INTO private.enrolment_codes VALUES (%L, %L, ''\x00'', %L, now())',
            tap.id('yacht'), tap.id('purser'), tap.id('manager')),
     '42501 new row violates row-level security policy for table "enrolment_codes"',
     'no code is issued in the name of another'),
    (format('INSERT INTO private.enrolment_codes VALUES (%L, %L, ''\x00'', %L, now())',
            tap.id('other yacht'), tap.id('purser'), tap.id('captain')),
     '42501 new row violates row-level security policy for table "enrolment_codes"',
     'no code is issued for a yacht that the gate did not open'),
    (format('INSERT INTO private.signing_credentials VALUES (%L, true, ''p'', ''\x00'', ''k'')',
            tap.id('purser')),
     '42501 new row violates row-level security policy for table "signing_credentials"',
     'nobody enrols another'),
    (format('INSERT INTO private.signing_credentials VALUES (%L, false, ''314159'', ''\x00'', ''k'')',
            tap.id('captain')),
     '23514 new row for relation "signing_credentials" violates check constraint "pin_is_hashed_by_bcrypt"',
     'a PIN in clear is refused'),
    (format('INSERT INTO private.signing_failures (user_id, action) VALUES (%L, ''x'')',
            tap.id('captain')), 'ok', 'a failure is counted against the caller'),
    (format('INSERT INTO private.enrolment_codes VALUES (%L, %L, ''\x00'', %L, now())',
            tap.id('yacht'), tap.id('purser'), tap.id('captain')), 'ok',
     'a code is issued in the caller''s name'),
    (format('INSERT INTO private.signing_credentials VALUES (%L, false, %L, ''\x00'', ''k'')',
            tap.id('captain'), '$2a$04$' || repeat('x', 53)), 'ok', 'a person enrols')
) AS t (statement, outcome, what);
SELECT is(
    tap.answer('pms_rpc', 'captain',
               'WITH d AS (DELETE FROM private.enrolment_codes AS c RETURNING c.user_id)
                SELECT array_agg(d.user_id) FROM d'),
    ARRAY[tap.id('crew')]::text,
    'no code of another yacht goes');
SELECT tap.refuses('private.signing_failures', 'pms_rpc', 'captain',
                   ARRAY['UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('private.' || t.name, r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['signing_credentials', 'signing_failures', 'enrolment_codes']) AS t (name)
CROSS JOIN unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
