-- enroll_signature: choose a PIN and get the secret of one's authenticator, once. The old signature
-- stays good until confirm_signature.
--
-- Called by  anyone with a role on the yacht: the first time, or after a loss, with a code of
--            issue_enrolment_code; for a change with the old signature.
-- Refuses    400 invalid_argument, signature_required; 403 not_on_yacht, invalid_signature,
--            signature_not_enrolled, invalid_enrolment_code; 409 signing_key_missing; 423
--            signature_locked; 429 signature_busy.
-- Order      gate, presence, signature or code, write, answer. No key: its answer is not kept.

CREATE OR REPLACE FUNCTION public.enroll_signature(
    p_yacht_id  uuid,
    p_pin       text  DEFAULT NULL,
    p_code      text  DEFAULT NULL,
    p_signature jsonb DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call   private.rpc_call;
    v_error  text;
    v_key    record := private.totp_key();
    v_secret bytea  := extensions.gen_random_bytes(20);
BEGIN
    v_call := private.open_call(
        'enroll_signature', p_yacht_id,
        -- Whether it is there, not what it is: arguments may end up on record.
        jsonb_build_object('p_pin', CASE WHEN p_pin IS NOT NULL THEN true END),
        NULL,
        CASE
            WHEN private.pin_error(p_pin) IS NOT NULL
            THEN jsonb_build_object('argument', 'p_pin', 'reason', private.pin_error(p_pin))
            WHEN p_code IS NULL
            THEN private.signing_error(p_signature)
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    ELSIF v_key.key IS NULL THEN
        RETURN private.refuse(v_call, 'signing_key_missing');
    END IF;

    IF p_code IS NOT NULL THEN
        v_error := private.spend_enrolment_code(v_call, p_code);
        IF v_error IS NOT NULL THEN
            RETURN private.refuse(v_call, v_error);
        END IF;
    ELSE
        v_call := private.sign_call(v_call, p_signature, '{}');
        IF v_call.refusal IS NOT NULL THEN
            RETURN v_call.refusal;
        END IF;
    END IF;

    DELETE FROM private.signing_credentials AS c
    WHERE c.user_id = v_call.actor_id
      AND NOT c.is_confirmed;
    INSERT INTO private.signing_credentials (user_id, pin_hash, totp_secret, key_id)
    VALUES (v_call.actor_id, extensions.crypt(p_pin, extensions.gen_salt('bf', 10)),
            extensions.pgp_sym_encrypt_bytea(v_secret, v_key.key, 'cipher-algo=aes256, s2k-mode=1'),
            v_key.key_id);

    RETURN private.answer(
        v_call,
        jsonb_build_object('success', true, 'action', v_call.action, 'user_id', v_call.actor_id),
        'person', v_call.actor_id, coalesce(v_call.metadata, '{}'))
        || jsonb_build_object('otpauth_uri', format(
            'otpauth://totp/Part%%20Lens:%s?secret=%s&issuer=Part%%20Lens&algorithm=SHA1&digits=6&period=30',
            v_call.actor_id, private.base32(v_secret)));
END
$function$;

ALTER FUNCTION public.enroll_signature(uuid, text, text, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.enroll_signature(
    uuid, text, text, jsonb) IS
'Begins the caller''s enrolment for signing, or a change of it; confirm_signature ends it.
otpauth_uri is for an authenticator, and is told once.

p_yacht_id: the yacht.
p_pin: the new PIN, 6 to 12 digits.
p_code: a code from a captain or manager; not needed with p_signature.
p_signature: the old {"pin": "…", "totp": "…"}, for a change.

Requires p_pin
Answers 200 {"success": "boolean", "action": "text", "user_id": "uuid", "otpauth_uri": "text"}
Refuses 400 invalid_argument, signature_required; 403 not_on_yacht, invalid_signature, signature_not_enrolled, invalid_enrolment_code; 409 signing_key_missing; 423 signature_locked; 429 signature_busy';
REVOKE ALL ON FUNCTION public.enroll_signature(
    uuid, text, text, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.enroll_signature(uuid, text, text, jsonb) TO authenticated;
