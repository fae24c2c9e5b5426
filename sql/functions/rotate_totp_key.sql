-- private.rotate_totp_key: encrypt every secret of an authenticator with the key that private.totp_key
-- gives now. The owner's call, after a new key was put above the old one; afterwards the old can go.

CREATE FUNCTION private.rotate_totp_key()
    RETURNS integer
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_current record := private.totp_key();
    v_old     record;
    v_done    integer := 0;
BEGIN
    IF v_current.key IS NULL THEN
        RAISE EXCEPTION 'there is no key' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    FOR v_old IN
        SELECT c.user_id, c.is_confirmed, c.totp_secret, k.key
        FROM private.signing_credentials AS c
        CROSS JOIN LATERAL private.totp_key(c.key_id) AS k
        WHERE c.key_id <> v_current.key_id
        FOR UPDATE OF c
    LOOP
        IF v_old.key IS NULL THEN
            RAISE EXCEPTION 'the old key is missing'
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT    = 'Keep it below the new one until all is encrypted anew.';
        END IF;
        UPDATE private.signing_credentials AS c
        SET key_id = v_current.key_id,
            totp_secret = extensions.pgp_sym_encrypt_bytea(
                extensions.pgp_sym_decrypt_bytea(v_old.totp_secret, v_old.key),
                v_current.key, 'cipher-algo=aes256, s2k-mode=1')
        WHERE c.user_id = v_old.user_id
          AND c.is_confirmed = v_old.is_confirmed;
        v_done := v_done + 1;
    END LOOP;
    RETURN v_done;
END
$function$;

ALTER FUNCTION private.rotate_totp_key() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.rotate_totp_key() IS
    'Encrypts the secrets of authenticators with the newest key; returns how many were with another. For the deployer.';
REVOKE ALL ON FUNCTION private.rotate_totp_key() FROM PUBLIC, anon, authenticated, service_role;
