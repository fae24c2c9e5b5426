-- What a signature needs, each thing by itself: with a code that nobody used a PIN that is right, with
-- a right PIN a code. And what counts against whom.

BEGIN;
SELECT plan(29);
SELECT tap.fixture();
SELECT tap.enrol('captain');

CREATE FUNCTION pg_temp.totp(p_step integer)
    RETURNS text
    LANGUAGE sql
AS $function$
    -- The step of this transaction's start, so that a step that ends meanwhile changes nothing.
    SELECT private.hotp(tap.secret('captain'), floor(extract(epoch FROM now()) / 30)::bigint + p_step)
$function$;
CREATE FUNCTION pg_temp.write_off(p_pin text, p_totp text)
    RETURNS text
    LANGUAGE sql
AS $function$
    SELECT coalesce(tap.call('captain', 'write_off_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_reason', 'broken',
        'p_signature', jsonb_build_object('pin', p_pin, 'totp', p_totp))) ->> 'code', 'done')
$function$;

SELECT is(pg_temp.write_off('271829', pg_temp.totp(0)), 'invalid_signature',
          'a wrong PIN is refused with a code that is good');
SELECT is(pg_temp.write_off('271828', 'abcdef'), 'invalid_signature',
          'a wrong code is refused with a PIN that is right');
SELECT is((SELECT count(*) FROM private.signatures AS s), 0::bigint,
          'a code that was refused is not spent');
SELECT is((SELECT count(*) FROM private.signing_failures AS f), 2::bigint,
          'each is a failure');
SELECT is(pg_temp.write_off('271828', pg_temp.totp(0)), 'done', 'both right are taken');
SELECT is(pg_temp.write_off('271828', pg_temp.totp(0)), 'invalid_signature',
          'a code is good once');
INSERT INTO private.signing_failures (user_id, action) VALUES (tap.id('captain'), 'test');
SELECT is(pg_temp.write_off('271828', pg_temp.totp(1)), 'done',
          'after four failures another code is good');
INSERT INTO private.signing_failures (user_id, action) VALUES (tap.id('captain'), 'test');
SELECT is(pg_temp.write_off('271828', pg_temp.totp(-1)), 'signature_locked',
          'after five none is');
UPDATE private.signing_failures AS f SET failed_at = f.failed_at - interval '15 minutes';
SELECT is(pg_temp.write_off('271828', pg_temp.totp(-1)), 'done', 'after 15 minutes it is again');
DELETE FROM private.signatures AS s
WHERE NOT EXISTS (
    SELECT FROM public.pms_inventory_transactions AS t WHERE t.signature_id = s.signature_id);
UPDATE private.signing_credentials AS c SET is_confirmed = false;
UPDATE private.signatures AS s SET totp_step = -s.totp_step;
SELECT is(pg_temp.write_off('271828', pg_temp.totp(0)), 'signature_not_enrolled',
          'an enrolment that is not confirmed does not sign');

-- PINs.
SELECT is(private.pin_error(p.pin) IS NULL, p.is_good,
          format('%s is %s PIN', p.pin, CASE WHEN p.is_good THEN 'a' ELSE 'no' END))
FROM (VALUES
    ('271828', true), ('314159265358', true), ('27182', false), ('3141592653589', false),
    ('27182x', false), ('123456', false), ('654321', false), ('890123', false), ('111111', false),
    ('121212', false)
) AS p (pin, is_good);

-- Enrolment codes, as an RPC of the crew spends them.
INSERT INTO private.enrolment_codes (yacht_id, user_id, code_sha256, expires_at)
VALUES (tap.id('yacht'), tap.id('crew'), sha256('CODE'), now() + interval '1 day'),
       (tap.id('yacht'), tap.id('purser'), sha256('PURSER'), now() + interval '1 day'),
       (tap.id('yacht'), tap.id('steward'), sha256('OLD'), now() - interval '1 second');
CREATE FUNCTION pg_temp.spend(p_who text, p_code text)
    RETURNS text
    LANGUAGE plpgsql
AS $function$
DECLARE
    v_call  private.rpc_call;
    v_error text;
BEGIN
    v_call.yacht_id := tap.id('yacht');
    v_call.actor_id := tap.id(p_who);
    v_call.action := 'test';
    PERFORM tap.act_as(p_who, 'pms_rpc');
    v_error := private.spend_enrolment_code(v_call, p_code);
    PERFORM tap.act_as_superuser();
    RETURN coalesce(v_error, 'spent');
END
$function$;
SELECT is(pg_temp.spend('crew', 'OTHER'), 'invalid_enrolment_code',
          'a wrong enrolment code is refused');
SELECT is(pg_temp.spend('crew', 'PURSER'), 'invalid_enrolment_code',
          'an enrolment code of another person is refused');
SELECT is(pg_temp.spend('steward', 'OLD'), 'invalid_enrolment_code',
          'an enrolment code that is over is refused');
SELECT is((SELECT count(*) FROM private.signing_failures AS f WHERE f.user_id = tap.id('crew')),
          2::bigint, 'a wrong enrolment code is a failure');
SELECT is(pg_temp.spend('crew', 'code'), 'spent', 'one''s own is taken, in whichever case');
SELECT is(pg_temp.spend('crew', 'CODE'), 'invalid_enrolment_code', 'an enrolment code is good once');
INSERT INTO private.signing_failures (user_id, action)
SELECT tap.id('purser'), 'test' FROM generate_series(1, 5);
SELECT is(pg_temp.spend('purser', 'PURSER'), 'signature_locked',
          'after five failures no enrolment code is taken');
SELECT is(
    (SELECT count(*) FROM private.enrolment_codes AS c WHERE c.user_id = tap.id('purser')),
    1::bigint, 'and none is used up');
SELECT is(
    (SELECT count(*) FROM public.pms_inventory_transactions AS t
     WHERE t.transaction_type = 'write_off'),
    3::bigint, 'after all that three write-offs stand in the ledger');

SELECT * FROM finish();
ROLLBACK;
