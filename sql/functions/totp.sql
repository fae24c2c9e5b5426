-- One-time passwords after RFC 4226 and RFC 6238 (SHA-1, 6 digits, 30 s), and base32 after RFC 4648,
-- which authenticators want.

CREATE FUNCTION private.hotp(
    p_secret  bytea,
    p_counter bigint,
    p_digits  integer DEFAULT 6
)
    RETURNS text
    LANGUAGE plpgsql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_hmac   bytea   := extensions.hmac(int8send(p_counter), p_secret, 'sha1');
    v_offset integer := get_byte(v_hmac, 19) & 15;
    v_number bigint;
BEGIN
    -- << and | have one precedence.
    v_number := ((get_byte(v_hmac, v_offset) & 127)::bigint << 24)
        | (get_byte(v_hmac, v_offset + 1) << 16)
        | (get_byte(v_hmac, v_offset + 2) << 8)
        | get_byte(v_hmac, v_offset + 3);
    RETURN lpad((v_number % (10 ^ p_digits)::bigint)::text, p_digits, '0');
END
$function$;

ALTER FUNCTION private.hotp(bytea, bigint, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.hotp(bytea, bigint, integer) IS
    'The one-time password of a counter, RFC 4226; RFC 6238 takes the Unix time divided by 30 s.';
REVOKE ALL ON FUNCTION private.hotp(bytea, bigint, integer)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.totp_step_of(
    p_secret bytea,
    p_totp   text,
    p_at     timestamptz DEFAULT clock_timestamp()
)
    RETURNS bigint
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now  bigint := floor(extract(epoch FROM p_at) / 30);
    v_step bigint;
BEGIN
    -- One step of leeway either way; all three are computed, whichever matches.
    SELECT max(c.step) FILTER (WHERE c.code = p_totp)
    INTO v_step
    FROM (
        SELECT s.step, private.hotp(p_secret, s.step) AS code
        FROM generate_series(v_now - 1, v_now + 1) AS s (step)
    ) AS c;
    RETURN v_step;
END
$function$;

ALTER FUNCTION private.totp_step_of(bytea, text, timestamptz) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.totp_step_of(bytea, text, timestamptz) IS
    'The time step, at most one from p_at, whose code p_totp is; NULL when it is none.';
REVOKE ALL ON FUNCTION private.totp_step_of(bytea, text, timestamptz)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.base32(p_bytes bytea)
    RETURNS text
    LANGUAGE plpgsql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Five bits a letter; bytes are counted from the left, their bits from the right.
    RETURN (
        SELECT string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 1 + (
            SELECT sum(CASE
                WHEN b.bit < 8 * length(p_bytes)
                THEN get_bit(p_bytes, b.bit / 8 * 8 + 7 - b.bit % 8) << (4 - b.bit % 5)
                ELSE 0
            END)::integer
            FROM generate_series(5 * l.letter, 5 * l.letter + 4) AS b (bit)), 1), ''
            ORDER BY l.letter)
        FROM generate_series(0, (8 * length(p_bytes) + 4) / 5 - 1) AS l (letter)
    );
END
$function$;

ALTER FUNCTION private.base32(bytea) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.base32(bytea) IS 'RFC 4648 base32 without padding.';
REVOKE ALL ON FUNCTION private.base32(bytea) FROM PUBLIC, anon, authenticated, service_role;
