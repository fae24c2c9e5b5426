-- Revert part_lens_tenant:totp from pg

BEGIN;

DROP FUNCTION private.rotate_totp_key();
DROP FUNCTION private.base32(bytea);
DROP FUNCTION private.totp_step_of(bytea, text, timestamptz);
DROP FUNCTION private.hotp(bytea, bigint, integer);

COMMIT;
