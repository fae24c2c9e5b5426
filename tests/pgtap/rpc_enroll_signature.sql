BEGIN;
SELECT plan(58);
SELECT tap.fixture();

SELECT tap.is_rpc('enroll_signature', ARRAY['uuid', 'text', 'text', 'jsonb'], 'volatile');

CREATE FUNCTION pg_temp.code_for(p_who text)
    RETURNS text
    LANGUAGE sql
AS $function$
    SELECT tap.call('captain', 'issue_enrolment_code',
                    jsonb_build_object('p_user_id', tap.id(p_who))) ->> 'enrolment_code'
$function$;

CREATE TEMPORARY TABLE code AS SELECT pg_temp.code_for('crew') AS code;
SELECT is(
    (SELECT tap.trace('crew', 'enroll_signature', jsonb_build_object(
        'p_pin', '314159', 'p_code', lower(c.code))) #- '{answer,otpauth_uri}'
     FROM pg_temp.code AS c),
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'enroll_signature', 'user_id', tap.id('crew')),
        'status', 200, 'changed', ARRAY['private.enrolment_codes', 'private.signing_credentials'],
        'denied', 0, 'audit', jsonb_build_array(jsonb_build_object(
            'yacht_id', tap.id('yacht'), 'actor_id', tap.id('crew'),
            'action', 'enroll_signature', 'outcome', 'ok', 'error_code', NULL,
            'signature', '{}'::jsonb))),
    'A code lets a person enrol, and is used up, in whichever case it is typed');
SELECT is(
    (SELECT jsonb_build_array(
         c.is_confirmed, c.pin_hash = extensions.crypt('314159', c.pin_hash),
         left(c.pin_hash, 7), c.key_id = (private.totp_key()).key_id)
     FROM private.signing_credentials AS c
     WHERE c.user_id = tap.id('crew')),
    '[false, true, "$2a$10$", true]',
    'The PIN is kept as bcrypt of cost 10, the secret under the key, neither confirmed');
SELECT is(
    (SELECT tap.call('crew', 'enroll_signature', jsonb_build_object(
        'p_pin', '314159', 'p_code', c.code)) ->> 'code'
     FROM pg_temp.code AS c),
    'invalid_enrolment_code',
    'A code is good once');
CREATE TEMPORARY TABLE enrolled AS
SELECT tap.call('steward', 'enroll_signature', jsonb_build_object(
    'p_pin', '314159', 'p_code', pg_temp.code_for('steward'))) AS answer;
SELECT is(
    (SELECT jsonb_build_array(
         a.answer ->> 'otpauth_uri' ~ format(
             '^otpauth://totp/Part%%20Lens:%s\?secret=[A-Z2-7]{32}'
             '&issuer=Part%%20Lens&algorithm=SHA1&digits=6&period=30$', tap.id('steward')),
         strpos(a.answer ->> 'otpauth_uri', 'secret=' || private.base32(
             extensions.pgp_sym_decrypt_bytea(c.totp_secret, (private.totp_key()).key)) || '&') > 0,
         position(extensions.pgp_sym_decrypt_bytea(c.totp_secret, (private.totp_key()).key)
                  IN c.totp_secret))
     FROM pg_temp.enrolled AS a
     JOIN private.signing_credentials AS c ON c.user_id = tap.id('steward')),
    '[true, true, 0]',
    'The URI has the secret for the authenticator, which the table does not hold in clear');
SELECT is(
    tap.trace('captain', 'enroll_signature', jsonb_build_object(
        'p_pin', '161803', 'p_signature', tap.signature('captain'))) -> 'changed',
    '["private.signatures", "private.signing_credentials"]',
    'The old signature lets a person change it');
SELECT is(
    (SELECT array_agg(c.is_confirmed ORDER BY c.is_confirmed)
     FROM private.signing_credentials AS c
     WHERE c.user_id = tap.id('captain')),
    ARRAY[false, true],
    'The old stays good until the new is confirmed');

SELECT tap.refuses(
    'crew', 'enroll_signature', '{"p_code": "A"}'::jsonb || t.argument, 400, t.code, t.details,
    'An enrolment refuses ' || t.what)
FROM (VALUES
    ('{}'::jsonb, 'invalid_argument',
     '{"argument": "p_pin", "reason": "is required"}'::jsonb, 'no PIN'),
    ('{"p_pin": "12345"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "does not have 6 to 12 digits"}', 'a PIN of five digits'),
    ('{"p_pin": "1234567890123"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "does not have 6 to 12 digits"}', 'a PIN of 13 digits'),
    ('{"p_pin": "31415a"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "does not have 6 to 12 digits"}', 'a letter'),
    ('{"p_pin": "314159\n"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "does not have 6 to 12 digits"}', 'a line break'),
    ('{"p_pin": "777777"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "is too easy to guess"}', 'one digit over and over'),
    ('{"p_pin": "123123"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "is too easy to guess"}', 'a group over and over'),
    ('{"p_pin": "456789"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "is too easy to guess"}', 'a run up'),
    ('{"p_pin": "321098"}', 'invalid_argument',
     '{"argument": "p_pin", "reason": "is too easy to guess"}', 'a run down'),
    ('{"p_pin": "314159", "p_code": null}', 'signature_required', NULL,
     'neither code nor signature')
) AS t (argument, code, details, what);

SELECT is(
    tap.trace(t.who, 'enroll_signature', jsonb_build_object('p_pin', '314159', 'p_code', t.code))
        #- '{answer,message}' #- '{answer,hint}' #- '{audit}',
    '{"answer": {"code": "invalid_enrolment_code", "details": null}, "status": 403,
      "changed": ["private.signing_failures"], "denied": 0}',
    'An enrolment refuses, and counts, ' || t.what)
FROM (VALUES
    ('crew', pg_temp.code_for('deckhand'), 'the code of another'),
    ('crew', 'AAAAAAAAAAAAAAAA', 'a guess'),
    ('crew', '', 'an empty code')
) AS t (who, code, what);
CREATE TEMPORARY TABLE late AS SELECT pg_temp.code_for('crew') AS code;
UPDATE private.enrolment_codes AS c SET expires_at = clock_timestamp();
SELECT is(
    (SELECT tap.call('crew', 'enroll_signature', jsonb_build_object(
        'p_pin', '314159', 'p_code', l.code)) ->> 'code'
     FROM pg_temp.late AS l),
    'invalid_enrolment_code',
    'An enrolment refuses a code that is over');
SELECT tap.refuses(
    'crew', 'enroll_signature',
    jsonb_build_object('p_pin', '314159', 'p_code', pg_temp.code_for('crew')), 423,
    'signature_locked', NULL, 'After five failures not even a good code counts');
SELECT is(
    tap.call(t.who, 'enroll_signature', jsonb_build_object(
        'p_pin', '314159', 'p_signature', '{"pin": "000000", "totp": "1"}'::jsonb)) ->> 'code',
    t.code, 'A change refuses ' || t.what)
FROM (VALUES
    ('captain', 'invalid_signature', 'a wrong signature'),
    ('purser', 'signature_not_enrolled', 'who has none to change')
) AS t (who, code, what);

DELETE FROM private.signing_failures AS f;
SELECT tap.is_gated(
    'enroll_signature', '{"p_pin": "314159"}', tap.roles());

SELECT tap.is_signed('enroll_signature', '{"p_pin": "314159"}');

SELECT * FROM finish();
ROLLBACK;
