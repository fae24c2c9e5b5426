BEGIN;
SELECT plan(40);
SELECT tap.fixture();

SELECT tap.is_rpc('confirm_signature', ARRAY['uuid', 'text'], 'volatile');

SELECT tap.enrol('crew', false);
SELECT is(
    tap.trace('crew', 'confirm_signature')
        #- '{audit}',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'confirm_signature', 'user_id', tap.id('crew')),
        'status', 200, 'changed', ARRAY['private.signatures', 'private.signing_credentials'],
        'denied', 0),
    'A code of the authenticator confirms an enrolment');
SELECT is(
    tap.call('crew', 'write_off_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_reason', 'Wet')) ->> 'success',
    'true',
    'Who is confirmed signs');
SELECT is(
    tap.call('crew', 'confirm_signature', '{"p_totp": "123456"}') ->> 'code',
    'signature_not_enrolled',
    'There is nothing more to confirm');
SELECT tap.refuses('steward', 'confirm_signature', '{"p_totp": "123456"}', 403,
                   'signature_not_enrolled', NULL, 'Who did not enrol has nothing to confirm');
SELECT tap.refuses('steward', 'confirm_signature', '{"p_totp": null}', 400, 'invalid_argument',
                   '{"argument": "p_totp", "reason": "is required"}', 'A code is required');

-- A change takes the place of the old.
UPDATE private.signing_credentials AS c SET key_id = 'gone' WHERE c.user_id = tap.id('crew');
SELECT is(
    tap.trace('crew', 'confirm_signature') #>> '{answer,success}', 'true',
    'A change is confirmed');
SELECT is(
    (SELECT jsonb_agg(jsonb_build_array(c.is_confirmed, c.key_id <> 'gone'))
     FROM private.signing_credentials AS c
     WHERE c.user_id = tap.id('crew')),
    '[[true, true]]',
    'The old one is gone');

SELECT tap.enrol('purser', false);
SELECT is(
    tap.trace('purser', 'confirm_signature', '{"p_totp": "12345"}')
        #- '{answer,message}' #- '{answer,hint}' #- '{audit}',
    '{"answer": {"code": "invalid_signature", "details": null}, "status": 403,
      "changed": ["private.signing_failures"], "denied": 0}',
    'A wrong code is refused and counts, try ' || n)
FROM generate_series(1, 5) AS g (n);
SELECT tap.refuses('purser', 'confirm_signature', '{"p_totp": "12345"}', 423, 'signature_locked',
                   NULL, 'There is no sixth try');
DELETE FROM private.signing_failures AS f;
UPDATE private.signing_credentials AS c SET key_id = 'gone' WHERE c.user_id = tap.id('purser');
SELECT tap.refuses('purser', 'confirm_signature', '{"p_totp": "12345"}', 409,
                   'signing_key_missing', NULL, 'It is said when the key is gone');
DELETE FROM private.signing_credentials AS c;

SELECT tap.is_gated('confirm_signature', '{}', tap.roles());

SELECT * FROM finish();
ROLLBACK;
