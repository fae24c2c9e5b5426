-- private.totp_key: the key that encrypts the secrets of authenticators, and the one place that reads
-- it: from the secret `part_lens_totp_key` of Supabase Vault where Vault is installed, else from the
-- file part_lens_totp.key in the server's data directory. Never from a setting: anon can read those,
-- and dumps hold them.
--
-- The text has one key per line: the first encrypts, all decrypt, so that a new one can be put on top
-- before private.rotate_totp_key re-encrypts. The file should be a symbolic link out of the data
-- directory, which a base backup then leaves behind.
--
-- A deployer who is no superuser cannot grant the file: the server's administrator does, once per
-- database (rpc/SIGNING.md). Until then there is no key, and enrolment says so. The dedicated role owns
-- nothing else, so that pms_rpc gets the keys and not the files.

CREATE FUNCTION private.totp_key(
    p_key_id text DEFAULT NULL,
    OUT key_id text,
    OUT key    text
)
    RETURNS record
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_vault oid;
    v_keys  text;
BEGIN
    -- to_regclass would raise where the schema may not be used.
    SELECT c.oid
    INTO v_vault
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'vault'
      AND c.relname = 'decrypted_secrets';
    IF v_vault IS NOT NULL THEN
        IF NOT has_schema_privilege('vault', 'USAGE')
           OR NOT has_table_privilege(v_vault, 'SELECT')
        THEN
            RETURN;
        END IF;
        -- Dynamic, since a plain server has no such view.
        EXECUTE format(
            'SELECT s.decrypted_secret FROM %I.decrypted_secrets AS s WHERE s.name = $1', 'vault')
        INTO v_keys
        USING 'part_lens_totp_key';
    ELSIF has_function_privilege(
        current_user, 'pg_catalog.pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE')
    THEN
        v_keys := pg_catalog.pg_read_file('part_lens_totp.key', 0, 10000, true);
    END IF;

    -- Shorter than 32 characters is no key.
    SELECT left(encode(sha256(convert_to(k.key, 'UTF8')), 'hex'), 16), k.key
    INTO key_id, key
    FROM regexp_split_to_table(v_keys, E'[ \t\r]*\n') WITH ORDINALITY AS k (key, place)
    WHERE length(k.key) >= 32
      AND (p_key_id IS NULL
           OR p_key_id = left(encode(sha256(convert_to(k.key, 'UTF8')), 'hex'), 16))
    ORDER BY k.place
    LIMIT 1;
END
$function$;

COMMENT ON FUNCTION private.totp_key(text) IS
    'The key that encrypts now, or the one that p_key_id names; NULL where there is none.';
REVOKE ALL ON FUNCTION private.totp_key(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION private.totp_key(text) TO pms_rpc;

-- To be given a function one must be allowed to create there, for as long as that takes.
GRANT CREATE ON SCHEMA private TO pms_keyholder;
ALTER FUNCTION private.totp_key(text) OWNER TO pms_keyholder;
REVOKE CREATE ON SCHEMA private FROM pms_keyholder;

DO $vault$
BEGIN
    IF to_regclass('vault.decrypted_secrets') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA vault TO pms_keyholder;
        GRANT SELECT ON TABLE vault.decrypted_secrets TO pms_keyholder;
    END IF;
END
$vault$;
