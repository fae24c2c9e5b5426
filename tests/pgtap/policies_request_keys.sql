-- Idempotency keys: claimed, completed and given back by their caller, seen by the whole yacht.

BEGIN;
SELECT plan(21);
SELECT tap.fleet();
INSERT INTO private.request_keys (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
VALUES (tap.id('yacht'), 'crew-1', tap.id('crew'), 'consume_part', sha256('')),
       (tap.id('other yacht'), 'stranger-1', tap.id('stranger'), 'consume_part', sha256(''));

SELECT policies_are('private', 'request_keys',
                    ARRAY['select_rpc', 'insert_rpc', 'update_rpc', 'delete_rpc'],
                    'request_keys has these policies');

SELECT is(
    tap.answer('pms_rpc', p.who,
               'SELECT array_agg(k.idempotency_key) FROM private.request_keys AS k'),
    p.keys,
    format('an RPC that %s calls sees %s', p.who, p.description))
FROM (VALUES ('crew', '{crew-1}', 'its own key'),
             ('captain', '{crew-1}', 'the keys of the yacht, which are not free'),
             ('stranger', '{stranger-1}', 'no key of another yacht'),
             ('dismissed', NULL, 'nothing under an inactive role')) AS p (who, keys, description);

SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO private.request_keys
             (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
         VALUES (%L, %L, %L, %L, sha256(%L))',
        tap.id('yacht'), p.key, tap.id(p.actor), 'consume_part', '')),
    p.outcome,
    p.description)
FROM (VALUES
    ('captain', 'captain-1', 'captain', 'ok', 'a key is claimed for the caller'),
    ('captain', 'captain-1', 'crew',
     '42501 new row violates row-level security policy for table "request_keys"',
     'a key is claimed for nobody else'),
    ('captain', 'crew-1', 'captain',
     '23505 duplicate key value violates unique constraint "request_keys_pkey"',
     'a key is claimed once on a yacht'),
    ('captain', repeat('k', 256), 'captain',
     '23514 value for domain private.idempotency_key violates check constraint "key_has_1_to_255_characters"',
     'a key of 256 characters is refused'),
    ('captain', '', 'captain',
     '23514 value for domain private.idempotency_key violates check constraint "key_has_1_to_255_characters"',
     'an empty key is refused')
) AS p (who, key, actor, outcome, description);

SELECT is(
    tap.outcome('pms_rpc', 'captain', format(
        'INSERT INTO private.request_keys
             (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
         VALUES (%L, %L, %L, %L, sha256(%L))',
        tap.id('other yacht'), 'captain-1', tap.id('captain'), 'consume_part', '')),
    '42501 new row violates row-level security policy for table "request_keys"',
    'a key is claimed on no other yacht');

SELECT is(
    tap.answer('pms_rpc', p.who, p.sql),
    p.rows,
    p.description)
FROM (VALUES
    ('captain',
     'WITH c AS (UPDATE private.request_keys AS k SET result = ''{}'' RETURNING k.idempotency_key)
      SELECT count(*) FROM c', '0', 'a key is not completed by another person'),
    ('crew',
     'WITH c AS (UPDATE private.request_keys AS k SET result = ''{}'' RETURNING k.idempotency_key)
      SELECT count(*) FROM c', '1', 'a key is completed by its caller'),
    ('captain',
     'WITH c AS (DELETE FROM private.request_keys AS k RETURNING k.idempotency_key)
      SELECT count(*) FROM c', '0', 'a key is not given back by another person'),
    ('crew',
     'WITH c AS (DELETE FROM private.request_keys AS k RETURNING k.idempotency_key)
      SELECT count(*) FROM c', '1', 'a key is given back by its caller')
) AS p (who, sql, rows, description);
SELECT throws_ok(
    $$SELECT tap.run_as('pms_rpc', 'stranger',
        'UPDATE private.request_keys AS k SET actor_id = tap.id(''crew'')')$$,
    '42501', 'new row violates row-level security policy for table "request_keys"',
    'a key is not handed to another person');

SELECT tap.refuses('private.request_keys', 'pms_rpc', 'captain', ARRAY['TRUNCATE']);
SELECT tap.refuses('private.request_keys', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
