-- confirm_signature: end one's enrolment with a first code of the authenticator.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht, invalid_signature, signature_not_enrolled; 409
--            signing_key_missing; 423 signature_locked; 429 signature_busy.
-- Order      gate, presence, code, write, answer. No key: once is all that it does.

CREATE OR REPLACE FUNCTION public.confirm_signature(
    p_yacht_id uuid,
    p_totp     text DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call       private.rpc_call;
    v_error      text;
    v_credential record;
    v_key        text;
BEGIN
    v_call := private.open_call(
        'confirm_signature', p_yacht_id,
        -- Whether it is there, not what it is: arguments may end up on record.
        jsonb_build_object('p_totp', CASE WHEN p_totp IS NOT NULL THEN true END));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    v_error := private.signing_gate(v_call.actor_id);
    IF v_error IS NULL THEN
        SELECT c.totp_secret, c.key_id
        INTO v_credential
        FROM private.signing_credentials AS c
        WHERE c.user_id = v_call.actor_id
          AND NOT c.is_confirmed;
        v_key := (private.totp_key(v_credential.key_id)).key;
        IF v_credential.key_id IS NULL THEN
            v_error := 'signature_not_enrolled';
        ELSIF v_key IS NULL THEN
            v_error := 'signing_key_missing';
        ELSE
            -- A code counts once, this one too.
            INSERT INTO private.signatures
                (yacht_id, user_id, totp_step, action, payload_sha256, signed_at)
            SELECT
                p_yacht_id, v_call.actor_id, s.step, v_call.action,
                encode(sha256(''), 'hex'), clock_timestamp()
            FROM private.totp_step_of(
                extensions.pgp_sym_decrypt_bytea(v_credential.totp_secret, v_key), p_totp
            ) AS s (step)
            WHERE s.step IS NOT NULL
            ON CONFLICT (user_id, totp_step) DO NOTHING;
            IF NOT FOUND THEN
                v_error := 'invalid_signature';
                INSERT INTO private.signing_failures (user_id, action)
                VALUES (v_call.actor_id, v_call.action);
            END IF;
        END IF;
    END IF;
    IF v_error IS NOT NULL THEN
        RETURN private.refuse(v_call, v_error);
    END IF;

    DELETE FROM private.signing_credentials AS c
    WHERE c.user_id = v_call.actor_id
      AND c.is_confirmed;
    UPDATE private.signing_credentials AS c
    SET is_confirmed = true
    WHERE c.user_id = v_call.actor_id;
    RETURN private.answer(
        v_call,
        jsonb_build_object('success', true, 'action', v_call.action, 'user_id', v_call.actor_id),
        'person', v_call.actor_id);
END
$function$;

ALTER FUNCTION public.confirm_signature(uuid, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.confirm_signature(
    uuid, text) IS
'Ends the caller''s enrolment: from now on PIN and authenticator sign.

p_yacht_id: the yacht.
p_totp: the code that the authenticator shows, 6 digits.

Requires p_totp
Answers 200 {"success": "boolean", "action": "text", "user_id": "uuid"}
Refuses 400 invalid_argument; 403 not_on_yacht, invalid_signature, signature_not_enrolled; 409 signing_key_missing; 423 signature_locked; 429 signature_busy';
REVOKE ALL ON FUNCTION public.confirm_signature(
    uuid, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.confirm_signature(uuid, text) TO authenticated;
