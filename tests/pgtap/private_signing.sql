-- One-time passwords against the published vectors, base32, and the key with its rotation.

BEGIN;
SELECT plan(41);
SELECT tap.fixture();

SELECT is(
    private.hotp('12345678901234567890', v.counter - 1), v.code,
    format('RFC 4226, appendix D: counter %s', v.counter - 1))
FROM unnest(ARRAY['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583',
                  '399871', '520489']) WITH ORDINALITY AS v (code, counter);
SELECT is(
    private.hotp('12345678901234567890', v.time / 30, 8), v.code,
    format('RFC 6238, appendix B, SHA-1: second %s', v.time))
FROM (VALUES (59::bigint, '94287082'), (1111111109, '07081804'), (1111111111, '14050471'),
             (1234567890, '89005924'), (2000000000, '69279037'), (20000000000, '65353130')
) AS v (time, code);
SELECT is(
    private.totp_step_of(
        '12345678901234567890', '287082', to_timestamp(45) + d.seconds * interval '1 second'),
    d.step,
    format('The code of step 1 is tried %s s off its middle', d.seconds))
FROM (VALUES (0, 1::bigint), (-45, 1), (-15, 1), (44, 1), (45, NULL), (75, NULL)) AS d (seconds, step);
SELECT is(
    private.totp_step_of('12345678901234567890', c.code, to_timestamp(45)), NULL::bigint,
    format('%L is no code', c.code))
FROM unnest(ARRAY['', '28708', '2870820', ' 287082', NULL]) AS c (code);
SELECT is(private.base32(convert_to(v.given, 'UTF8')), v.encoded, 'RFC 4648: ' || v.given)
FROM (VALUES ('f', 'MY'), ('fo', 'MZXQ'), ('foo', 'MZXW6'), ('fooba', 'MZXW6YTB'),
             ('foobar', 'MZXW6YTBOI')) AS v (given, encoded);

-- The key: of the file here, of Vault where that is installed.
SELECT tap.enrol('captain');
SELECT throws_ok(
    format('SELECT tap.run_as(%L, %L, %L)', r.role, 'captain',
           'SELECT k.key FROM private.totp_key() AS k'),
    '42501', 'permission denied for schema private',
    'The key is nothing for ' || r.role)
FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role);
CREATE SCHEMA vault;
CREATE TABLE vault.decrypted_secrets AS
SELECT 'part_lens_totp_key'::text AS name,
       repeat('n', 40) || E'\n' || k.key || E'\nshort\n' AS decrypted_secret
FROM private.totp_key() AS k;
GRANT USAGE ON SCHEMA vault TO pms_keyholder;
GRANT SELECT ON TABLE vault.decrypted_secrets TO pms_keyholder;
SELECT is(
    (SELECT k.key FROM private.totp_key() AS k), repeat('n', 40),
    'The first key of Vault encrypts where Vault is installed');
SELECT is(private.rotate_totp_key(), 1, 'A rotation encrypts what was under the old key');
SELECT is(
    (SELECT extensions.pgp_sym_decrypt_bytea(c.totp_secret, repeat('n', 40))
     FROM private.signing_credentials AS c),
    tap.secret('captain'),
    'The secret is the same under the new key');
SELECT is(private.rotate_totp_key(), 0, 'A second rotation finds nothing to do');
UPDATE vault.decrypted_secrets SET decrypted_secret = repeat('m', 40);
SELECT throws_ok(
    'SELECT private.rotate_totp_key()', '55000', 'the old key is missing',
    'A rotation without the old key changes nothing');
DELETE FROM vault.decrypted_secrets;
SELECT tap.refuses(
    'captain', 'enroll_signature', '{"p_pin": "314159", "p_code": "A"}', 409,
    'signing_key_missing', NULL, 'Without a key nobody enrols');

SELECT * FROM finish();
ROLLBACK;
