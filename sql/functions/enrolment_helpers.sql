-- What enrolment for signing looks up.

CREATE FUNCTION private.needs_first_signer(
    p_yacht_id uuid,
    p_user_id  uuid
)
    RETURNS boolean
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN private.has_yacht_role(p_user_id, p_yacht_id, ARRAY['captain', 'manager'])
        AND NOT EXISTS (
            SELECT
            FROM private.signing_credentials AS c
            WHERE c.is_confirmed
              AND private.has_yacht_role(c.user_id, p_yacht_id, ARRAY['captain', 'manager']));
END
$function$;

ALTER FUNCTION private.needs_first_signer(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.needs_first_signer(uuid, uuid) IS
    'Whether the person is a captain or manager of the yacht, and none of these can sign yet.';
REVOKE ALL ON FUNCTION private.needs_first_signer(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.pin_error(p_pin text)
    RETURNS text
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN CASE
        WHEN p_pin !~ '^[0-9]{6,12}$' THEN 'does not have 6 to 12 digits'
        -- Runs up and down, and one group of digits over and over.
        WHEN strpos('012345678901234567890', p_pin) > 0
             OR strpos('098765432109876543210', p_pin) > 0
             OR p_pin ~ '^(.+)\1+$'
        THEN 'is too easy to guess'
    END;
END
$function$;

ALTER FUNCTION private.pin_error(text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.pin_error(text) IS 'Why this is no PIN; NULL when it is one.';
REVOKE ALL ON FUNCTION private.pin_error(text) FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.spend_enrolment_code(
    p_call private.rpc_call,
    p_code text
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_error text := private.signing_gate(p_call.actor_id);
BEGIN
    IF v_error IS NULL THEN
        DELETE FROM private.enrolment_codes AS c
        WHERE c.yacht_id = p_call.yacht_id
          AND c.user_id = p_call.actor_id
          AND c.expires_at > clock_timestamp()
          AND c.code_sha256 = sha256(convert_to(upper(p_code), 'UTF8'));
        IF NOT FOUND THEN
            v_error := 'invalid_enrolment_code';
            INSERT INTO private.signing_failures (user_id, action)
            VALUES (p_call.actor_id, p_call.action);
        END IF;
    END IF;
    RETURN v_error;
END
$function$;

ALTER FUNCTION private.spend_enrolment_code(private.rpc_call, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.spend_enrolment_code(private.rpc_call, text) IS
    'Uses up the caller''s enrolment code; or signature_busy, signature_locked, invalid_enrolment_code, which counts as a failure.';
REVOKE ALL ON FUNCTION private.spend_enrolment_code(private.rpc_call, text)
    FROM PUBLIC, anon, authenticated, service_role;
