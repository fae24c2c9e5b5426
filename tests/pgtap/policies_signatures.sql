-- Signatures are the caller's own, and a code counts once, on whichever yacht.

BEGIN;
SELECT plan(16);
SELECT tap.fleet();

SELECT policies_are('private', 'signatures', ARRAY['select_rpc', 'insert_rpc', 'select_service'],
                    'signatures has these policies');

SELECT is(
    tap.answer('pms_rpc', p.who,
               'SELECT array_agg(s.signature_id) FROM private.signatures AS s'),
    p.signatures::text,
    format('an RPC that %s calls sees %s', p.who, p.description))
FROM (VALUES ('captain', ARRAY[tap.id('signature')], 'the captain''s signatures alone'),
             ('stranger', ARRAY[tap.id('other signature')], 'the stranger''s signatures alone'),
             ('manager', NULL, 'none, not even the captain''s')) AS p (who, signatures, description);

SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO private.signatures
             (yacht_id, user_id, totp_step, action, payload_sha256, signed_at)
         VALUES (%L, %L, %s, %L, %L, now())',
        tap.id(p.yacht), tap.id(p.signer), p.step, 'write_off_part', p.hash)),
    p.outcome,
    p.description)
FROM (VALUES
    ('captain', 'yacht', 'captain', 57000001, repeat('0a', 32), 'ok',
     'one''s own signature is taken'),
    ('captain', 'yacht', 'manager', 57000001, repeat('0a', 32),
     '42501 new row violates row-level security policy for table "signatures"',
     'a signature of another person is refused'),
    ('captain', 'yacht', 'captain', 57000000, repeat('0a', 32),
     '23505 duplicate key value violates unique constraint "code_counts_once"',
     'a code that was used is refused'),
    ('captain', 'other yacht', 'captain', 57000000, repeat('0a', 32),
     '23505 duplicate key value violates unique constraint "code_counts_once"',
     'a code that was used on one yacht is refused on another'),
    ('captain', 'yacht', 'captain', 57000001, 'hash',
     '23514 new row for relation "signatures" violates check constraint "payload_is_a_sha256"',
     'a payload that is no hash is refused')
) AS p (who, yacht, signer, step, hash, outcome, description);

SELECT tap.refuses('private.signatures', 'pms_rpc', 'captain',
                   ARRAY['UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('private.signatures', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
