-- private.sign_call: the signature of a call, after its key was claimed. It tries PIN and code, records
-- the code as used or the failure, and leaves the proof in the call, from which movement and audit row
-- take it. What is signed is kept in the call's metadata; rpc/SIGNING.md has its form.
--
-- A wrong PIN, a wrong code and a used one are one answer at one cost, and who is not enrolled costs as
-- much: bcrypt runs against a hash that no PIN has.

CREATE FUNCTION private.sign_call(
    p_call      private.rpc_call,
    p_signature jsonb,
    p_arguments jsonb
)
    RETURNS private.rpc_call
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_error      text := private.signing_gate(p_call.actor_id);
    v_credential record;
    v_key        text;
    v_pin_holds  boolean;
    v_step       bigint;
    v_payload    jsonb := p_arguments || jsonb_build_object(
        'action', p_call.action, 'p_yacht_id', p_call.yacht_id,
        'p_idempotency_key', p_call.idempotency_key);
    v_sha256     text := encode(sha256(convert_to(v_payload::text, 'UTF8')), 'hex');
BEGIN
    IF v_error IS NULL THEN
        SELECT c.pin_hash, c.totp_secret, c.key_id
        INTO v_credential
        FROM private.signing_credentials AS c
        WHERE c.user_id = p_call.actor_id
          AND c.is_confirmed;
        v_pin_holds := extensions.crypt(p_signature ->> 'pin', coalesce(
            v_credential.pin_hash, '$2a$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK')
        ) = v_credential.pin_hash;
        v_key := (private.totp_key(v_credential.key_id)).key;
        IF v_credential.pin_hash IS NULL THEN
            v_error := 'signature_not_enrolled';
        ELSIF v_key IS NULL THEN
            v_error := 'signing_key_missing';
        ELSE
            v_step := private.totp_step_of(
                extensions.pgp_sym_decrypt_bytea(v_credential.totp_secret, v_key),
                p_signature ->> 'totp');
            p_call.signature_id := private.uuid_v7();
            INSERT INTO private.signatures
                (yacht_id, signature_id, user_id, totp_step, action, payload_sha256, signed_at)
            SELECT
                p_call.yacht_id, p_call.signature_id, p_call.actor_id, v_step, p_call.action,
                v_sha256, clock_timestamp()
            WHERE v_pin_holds
              AND v_step IS NOT NULL
            ON CONFLICT (user_id, totp_step) DO NOTHING;
            IF NOT FOUND THEN
                v_error := 'invalid_signature';
                INSERT INTO private.signing_failures (user_id, action)
                VALUES (p_call.actor_id, p_call.action);
            END IF;
        END IF;
    END IF;
    IF v_error IS NOT NULL THEN
        p_call.signature_id := NULL;
        p_call.refusal := private.refuse(p_call, v_error);
        RETURN p_call;
    END IF;

    p_call.reason := p_arguments ->> 'p_reason';
    p_call.metadata := jsonb_build_object('signed', v_payload);
    p_call.signature := jsonb_build_object(
        'method', 'pin+totp', 'pin', 'verified', 'totp', 'verified', 'signer_id', p_call.actor_id,
        'role', p_call.role, 'signed_at', clock_timestamp(), 'totp_step', v_step,
        'payload_sha256', v_sha256);
    RETURN p_call;
END
$function$;

ALTER FUNCTION private.sign_call(private.rpc_call, jsonb, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.sign_call(private.rpc_call, jsonb, jsonb) IS
    'Signs a call: with its proof, reason and payload, or with its refusal. p_arguments as for private.open_call.';
REVOKE ALL ON FUNCTION private.sign_call(private.rpc_call, jsonb, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.signing_error(
    p_signature jsonb,
    p_reason    text DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(private.reason_error(p_reason), CASE
        WHEN (jsonb_typeof(p_signature -> 'pin') = 'string'
              AND jsonb_typeof(p_signature -> 'totp') = 'string'
              AND p_signature ->> 'pin' <> ''
              AND p_signature ->> 'totp' <> '') IS NOT TRUE THEN
            '{"code": "signature_required"}'::jsonb
    END);
END
$function$;

ALTER FUNCTION private.signing_error(jsonb, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.signing_error(jsonb, text) IS
    'What is wrong with the reason and the shape of the signature of a signed call, as private.open_call takes it; NULL when nothing is.';
REVOKE ALL ON FUNCTION private.signing_error(jsonb, text)
    FROM PUBLIC, anon, authenticated, service_role;
