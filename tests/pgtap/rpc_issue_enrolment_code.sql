BEGIN;
SELECT plan(51);
SELECT tap.fixture();

SELECT tap.is_rpc('issue_enrolment_code', ARRAY['uuid', 'uuid', 'text', 'jsonb'], 'volatile');

-- A service, for the first captain.
SELECT is(
    tap.call('service', 'issue_enrolment_code', jsonb_build_object('p_user_id', tap.id(t.who)))
        ->> 'code',
    'not_on_yacht',
    'A service lets nobody enrol who is ' || t.what)
FROM (VALUES
    ('crew', 'no captain or manager'), ('stranger', 'captain of another yacht'),
    ('dismissed', 'captain no more'), (NULL, 'not named')
) AS t (who, what);
SELECT is(
    (SELECT jsonb_build_array(a.answer ->> 'enrolment_code' ~ '^[A-Z2-7]{16}$', a.answer ->> 'user_id')
     FROM (SELECT tap.call('service', 'issue_enrolment_code', jsonb_build_object(
         'p_user_id', tap.id('captain'))) AS answer) AS a),
    jsonb_build_array(true, tap.id('captain')),
    'A service lets the first captain enrol');
SELECT is(tap.status(), 201, 'A code is answered with 201');
SELECT is(
    jsonb_build_array(tap.newest_audit() -> 'actor_id', tap.newest_audit() ->> 'action',
                      tap.newest_audit() ->> 'entity_id'),
    jsonb_build_array(NULL, 'issue_enrolment_code', tap.id('captain')),
    'What the service did is on record, as nobody''s');
SELECT tap.enrol('manager');
SELECT is(
    tap.call('service', 'issue_enrolment_code', jsonb_build_object('p_user_id', tap.id('captain')))
        ->> 'code',
    'not_on_yacht',
    'A service lets nobody enrol where a manager can sign already');

-- People.
CREATE TEMPORARY TABLE first AS
SELECT tap.call('captain', 'issue_enrolment_code', jsonb_build_object(
    'p_user_id', tap.id('crew'), 'p_idempotency_key', 'first')) AS answer;
SELECT is(
    (SELECT jsonb_build_array(c.issued_by, c.code_sha256 = sha256(convert_to(
         f.answer ->> 'enrolment_code', 'UTF8')), c.expires_at > now() + interval '23 hours')
     FROM pg_temp.first AS f, private.enrolment_codes AS c
     WHERE c.user_id = tap.id('crew')),
    jsonb_build_array(tap.id('captain'), true, true),
    'A code is kept as a hash, for a day, with who issued it');
SELECT is(
    (SELECT (tap.call('captain', 'issue_enrolment_code', jsonb_build_object(
        'p_user_id', tap.id('crew'), 'p_idempotency_key', 'first')) ->> 'details')::jsonb),
    (SELECT f.answer || '{"enrolment_code": null}' FROM pg_temp.first AS f),
    'A repeated call hears its answer without the code');
SELECT is(
    (SELECT count(*)
     FROM pg_temp.first AS f, public.pms_audit_log AS a
     WHERE strpos(a::text, f.answer ->> 'enrolment_code') > 0),
    0::bigint,
    'No audit row holds the code');
SELECT isnt(
    tap.call('captain', 'issue_enrolment_code', jsonb_build_object('p_user_id', tap.id('crew')))
        ->> 'enrolment_code',
    (SELECT f.answer ->> 'enrolment_code' FROM pg_temp.first AS f),
    'A new code takes the place of the old');
SELECT is(
    (SELECT count(*) FROM private.enrolment_codes AS c WHERE c.user_id = tap.id('crew')),
    1::bigint,
    'A person has one code');

SELECT tap.refuses(
    'captain', 'issue_enrolment_code', jsonb_build_object('p_user_id', tap.id('crew')) || t.argument,
    400, t.code, t.details, 'A code is refused for ' || t.what)
FROM (VALUES
    ('{"p_user_id": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_user_id", "reason": "is required"}'::jsonb, 'nobody'),
    ('{"p_signature": null}', 'signature_required', NULL, 'who does not sign'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);
SELECT tap.refuses_signed(
    'captain', 'issue_enrolment_code', jsonb_build_object('p_user_id', tap.id('stranger')),
    400, 'invalid_argument', '{"argument": "p_user_id", "reason": "has no role on this yacht"}',
    'A code is refused for a person of another yacht');

SELECT tap.is_gated(
    'issue_enrolment_code', jsonb_build_object('p_user_id', tap.id('crew')),
    ARRAY['captain', 'manager'], true);

SELECT tap.is_signed('issue_enrolment_code', jsonb_build_object('p_user_id', tap.id('crew')));

SELECT * FROM finish();
ROLLBACK;
