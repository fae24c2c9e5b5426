-- An UPDATE or DELETE that reads no column is bound by its own policies alone: those for SELECT, which
-- otherwise bind as well, do not count. So each must hold by itself.

BEGIN;
SELECT plan(13);
SELECT tap.fleet();
INSERT INTO public.pms_shopping_list_items (yacht_id, item_id, part_id, quantity, requested_by)
VALUES
    (tap.id('yacht'), tap.id('item'), tap.id('filter'), 5, tap.id('crew')),
    (tap.id('other yacht'), tap.id('other item'), tap.id('other filter'), 5, tap.id('stranger'));
INSERT INTO private.request_keys (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
VALUES (tap.id('yacht'), 'captain-1', tap.id('captain'), 'consume_part', sha256('')),
       (tap.id('yacht'), 'crew-1', tap.id('crew'), 'consume_part', sha256(''));
INSERT INTO private.signing_credentials (user_id, pin_hash, totp_secret, key_id)
SELECT tap.id(p.who), '$2a$04$' || repeat('x', 53), '', 'key'
FROM (VALUES ('captain'), ('crew')) AS p (who);
INSERT INTO private.enrolment_codes (yacht_id, user_id, code_sha256, expires_at)
VALUES (tap.id('yacht'), tap.id('crew'), sha256(''), now()),
       (tap.id('other yacht'), tap.id('stranger'), sha256(''), now());

-- A row that it should not reach would fail WITH CHECK.
SELECT is(
    tap.outcome('pms_rpc', 'captain', format('UPDATE %s SET %s = %L', u.name, u.a_column, u.value)),
    'ok',
    format('%s: an RPC reaches no row of another yacht or person', u.name))
FROM (VALUES
    ('public.pms_parts', 'description', 'x'),
    ('public.pms_part_locations', 'updated_at', '2026-01-01'),
    ('public.pms_shopping_list_items', 'notes', 'x'),
    ('private.request_keys', 'result', '{}'),
    ('private.signing_credentials', 'key_id', 'x')
) AS u (name, a_column, value);

SELECT is(
    tap.outcome('pms_rpc', 'captain', format(
        'UPDATE %s SET %s = %L', u.name, u.a_column, tap.id(u.value))),
    format('42501 new row violates row-level security policy for table "%s"',
           split_part(u.name, '.', 2)),
    format('%s: an RPC hands no row to another yacht or person', u.name))
FROM (VALUES
    ('public.pms_parts', 'yacht_id', 'other yacht'),
    ('public.pms_part_locations', 'yacht_id', 'other yacht'),
    ('public.pms_shopping_list_items', 'yacht_id', 'other yacht'),
    ('private.request_keys', 'actor_id', 'crew'),
    ('private.signing_credentials', 'user_id', 'crew')
) AS u (name, a_column, value);

SELECT tap.run_as('pms_rpc', 'captain', 'DELETE FROM ' || d.name)
FROM (VALUES ('private.request_keys'), ('private.signing_credentials'),
             ('private.enrolment_codes')) AS d (name);
SELECT results_eq(
    'SELECT k.actor_id FROM private.request_keys AS k', $$VALUES (tap.id('crew'))$$,
    'private.request_keys: an RPC gives back no key of another person');
SELECT results_eq(
    'SELECT c.user_id FROM private.signing_credentials AS c', $$VALUES (tap.id('crew'))$$,
    'private.signing_credentials: an RPC takes nobody''s but the caller''s');
SELECT results_eq(
    'SELECT c.user_id FROM private.enrolment_codes AS c', $$VALUES (tap.id('stranger'))$$,
    'private.enrolment_codes: an RPC uses up no code of another yacht');

SELECT * FROM finish();
ROLLBACK;
