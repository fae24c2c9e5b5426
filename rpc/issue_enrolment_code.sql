-- issue_enrolment_code: give a person of the yacht a one-time code to enrol with. Signed.
--
-- Called by  captain, manager; and by a service, without a signature, for a captain or manager of a
--            yacht on which none is enrolled yet.
-- Refuses    400 invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht,
--            role_not_allowed, invalid_signature, signature_not_enrolled; 409 signing_key_missing,
--            duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429
--            signature_busy.
-- Order      gate, presence, key, signature, check, lock, write, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.issue_enrolment_code(
    p_yacht_id        uuid,
    p_user_id         uuid  DEFAULT NULL,
    p_idempotency_key text  DEFAULT NULL,
    p_signature       jsonb DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call      private.rpc_call;
    v_arguments jsonb       := jsonb_build_object('p_user_id', p_user_id);
    v_code      text        := private.base32(extensions.gen_random_bytes(10));
    v_expires   timestamptz := clock_timestamp() + interval '1 day';
BEGIN
    IF current_setting('role') = 'service_role' THEN
        v_call.call_id := private.uuid_v7();
        v_call.action := 'issue_enrolment_code';
        v_call.yacht_id := p_yacht_id;
        v_call.http_status := 201;
        IF NOT private.needs_first_signer(p_yacht_id, p_user_id) THEN
            RETURN private.refuse(v_call, 'not_on_yacht');
        END IF;
        -- As private.open_call does for a person.
        PERFORM set_config('part_lens.yacht_id', p_yacht_id::text, true);
    ELSE
        v_call := private.open_call(
            'issue_enrolment_code', p_yacht_id, v_arguments, p_idempotency_key,
            private.signing_error(p_signature));
        IF v_call.refusal IS NOT NULL THEN
            RETURN v_call.refusal;
        END IF;
        v_call := private.sign_call(v_call, p_signature, v_arguments);
        IF v_call.refusal IS NOT NULL THEN
            RETURN v_call.refusal;
        ELSIF NOT private.is_operational_crew(p_user_id, p_yacht_id) THEN
            RETURN private.refuse_argument(v_call, 'p_user_id', 'has no role on this yacht');
        END IF;
    END IF;

    -- One after the other, or the second would insert beside a code that it did not see.
    PERFORM pg_advisory_xact_lock(
        hashtextextended('enrolment code of ' || p_user_id || ' on ' || p_yacht_id, 0));
    DELETE FROM private.enrolment_codes AS c
    WHERE c.yacht_id = p_yacht_id
      AND c.user_id = p_user_id;
    INSERT INTO private.enrolment_codes (yacht_id, user_id, code_sha256, issued_by, expires_at)
    VALUES (p_yacht_id, p_user_id, sha256(convert_to(v_code, 'UTF8')), v_call.actor_id, v_expires);

    -- Told once: neither the key nor the audit row keeps it.
    RETURN private.answer(
        v_call,
        jsonb_build_object(
            'success', true, 'action', v_call.action, 'user_id', p_user_id,
            'expires_at', v_expires, 'enrolment_code', NULL),
        'person', p_user_id, coalesce(v_call.metadata, '{}'))
        || jsonb_build_object('enrolment_code', v_code);
END
$function$;

ALTER FUNCTION public.issue_enrolment_code(uuid, uuid, text, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.issue_enrolment_code(
    uuid, uuid, text, jsonb) IS
'Gives a person of the yacht a code, for one day and one use, to enrol with for signing. Signed.
The code is told once: a repeated call has null in its place. A service may call it, unsigned, for the first captain or manager of a yacht.

p_yacht_id: the yacht.
p_user_id: the person.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.

Requires p_user_id, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "user_id": "uuid", "enrolment_code": "text?", "expires_at": "timestamptz"}
Refuses 400 invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, role_not_allowed, invalid_signature, signature_not_enrolled; 409 signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';
REVOKE ALL ON FUNCTION public.issue_enrolment_code(
    uuid, uuid, text, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.issue_enrolment_code(uuid, uuid, text, jsonb)
    TO authenticated, service_role;
