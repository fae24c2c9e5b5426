-- Deploy part_lens_tenant:call_answers to pg
-- requires: refusals
-- requires: pms_audit_log
-- requires: request_keys
-- requires: denied_attempts

BEGIN;

-- private.rpc_call: what an RPC knows about the call that it answers, from the gate to the answer.

CREATE TYPE private.rpc_call AS (
    call_id         uuid,
    action          text,
    lens            text,
    yacht_id        uuid,
    actor_id        uuid,
    role            text,
    http_status     integer,
    idempotency_key text,
    occurred_at     timestamptz,
    expected_seq    integer,
    notes           text,
    reason          text,
    metadata        jsonb,
    signature       jsonb,
    signature_id    uuid,
    -- The answer, once the call is refused; NULL: go on.
    refusal         jsonb
);

ALTER TYPE private.rpc_call OWNER TO pms_owner;
COMMENT ON COLUMN private.rpc_call.call_id IS
    'Id of the call''s audit row, and of its movement where it makes one.';
COMMENT ON TYPE private.rpc_call IS 'A call under way: who, what, and the refusal if there is one.';
REVOKE ALL ON TYPE private.rpc_call FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON TYPE private.rpc_call TO pms_rpc;

-- private.record_denial: counts a call of somebody who is not on the yacht. At most 60 rows per person
-- and minute: who asks for a thousand yachts does not fill the table.

CREATE FUNCTION private.record_denial(p_call private.rpc_call)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c_nil constant uuid        := uuid '00000000-0000-0000-0000-000000000000';
    c_cap constant integer     := 60;
    v_minute       timestamptz := date_trunc('minute', clock_timestamp(), 'UTC');
BEGIN
    UPDATE private.denied_attempts AS d
    SET attempts = d.attempts + 1
    WHERE d.yacht_id = coalesce(p_call.yacht_id, c_nil)
      AND d.user_id = coalesce(p_call.actor_id, c_nil)
      AND d.minute = v_minute
      AND d.action = p_call.action
      AND d.attempts < 1000000;
    IF NOT FOUND THEN
        INSERT INTO private.denied_attempts (user_id, minute, yacht_id, action)
        SELECT coalesce(p_call.actor_id, c_nil), v_minute, coalesce(p_call.yacht_id, c_nil),
               p_call.action
        WHERE c_cap > (
            SELECT count(*)
            FROM private.denied_attempts AS d
            WHERE d.user_id = coalesce(p_call.actor_id, c_nil)
              AND d.minute = v_minute
        )
        ON CONFLICT DO NOTHING;
    END IF;
END
$function$;

ALTER FUNCTION private.record_denial(private.rpc_call) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.record_denial(private.rpc_call) IS
    'Counts a refused call of a person who is not on the yacht, at most 60 rows a minute and person.';
REVOKE ALL ON FUNCTION private.record_denial(private.rpc_call)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.answer: the end of every call that is on record. Keeps the result under the call's key, or
-- gives the key back when it was refused; writes the audit row; sets the HTTP status. One function and
-- not three: each call of a function that pins its search_path costs more than what this one does.

CREATE FUNCTION private.answer(
    p_call        private.rpc_call,
    p_result      jsonb,
    p_entity_type text  DEFAULT NULL,
    p_entity_id   uuid  DEFAULT NULL,
    p_metadata    jsonb DEFAULT '{}',
    p_error_code  text  DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_call.idempotency_key IS NOT NULL AND p_error_code IS NOT NULL THEN
        DELETE FROM private.request_keys AS k
        WHERE k.yacht_id = p_call.yacht_id
          AND k.idempotency_key = p_call.idempotency_key;
    END IF;

    -- One statement for both, since each has its price.
    WITH keep AS (
        UPDATE private.request_keys AS k
        SET result = p_result
        WHERE k.yacht_id = p_call.yacht_id
          AND k.idempotency_key = p_call.idempotency_key
          AND p_error_code IS NULL
    )
    INSERT INTO public.pms_audit_log
        (yacht_id, audit_id, actor_id, role, action, entity_type, entity_id, outcome, error_code,
         signature, metadata)
    VALUES
        (p_call.yacht_id, p_call.call_id, p_call.actor_id, p_call.role, p_call.action, p_entity_type,
         p_entity_id,
         CASE WHEN p_error_code IS NULL THEN 'ok' ELSE 'rejected' END, p_error_code,
         coalesce(p_call.signature, '{}'),
         p_metadata || jsonb_build_object(
             'source', 'part_lens',
             'lens', p_call.lens,
             'request_id',
             -- As the client sent it: enough to find it, not enough to fill the log.
             left(nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-request-id',
                  200)));

    IF p_call.http_status <> 200 THEN
        PERFORM set_config('response.status', p_call.http_status::text, true);
    END IF;
    RETURN p_result;
END
$function$;

ALTER FUNCTION private.answer(private.rpc_call, jsonb, text, uuid, jsonb, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.answer(private.rpc_call, jsonb, text, uuid, jsonb, text) IS
    'Ends a call: its result under its key (or the key free again, with p_error_code), audit row, HTTP status; returns p_result.';
REVOKE ALL ON FUNCTION private.answer(private.rpc_call, jsonb, text, uuid, jsonb, text)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.refuse: the answer of a call that is refused. A refusal commits, so that it is on record. In
-- a read-only transaction it is answered only.

CREATE FUNCTION private.refuse(
    p_call        private.rpc_call,
    p_code        text,
    p_details     jsonb DEFAULT NULL,
    p_entity_type text  DEFAULT NULL,
    p_entity_id   uuid  DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_refusal jsonb;
BEGIN
    SELECT
        r.http_status,
        jsonb_build_object(
            'code', p_code,
            'message', r.message,
            'details', p_details #>> '{}',
            'hint', r.hint)
    INTO STRICT p_call.http_status, v_refusal
    FROM private.refusals AS r
    WHERE r.code = p_code;

    IF current_setting('transaction_read_only') = 'off' AND p_code <> 'not_on_yacht' THEN
        RETURN private.answer(
            p_call, v_refusal, p_entity_type, p_entity_id, p_error_code => p_code);
    ELSIF current_setting('transaction_read_only') = 'off' THEN
        PERFORM private.record_denial(p_call);
    END IF;
    PERFORM set_config('response.status', p_call.http_status::text, true);
    RETURN v_refusal;
END
$function$;

ALTER FUNCTION private.refuse(private.rpc_call, text, jsonb, text, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse(private.rpc_call, text, jsonb, text, uuid) IS
    'Records a refusal, sets the HTTP status and returns {code, message, details, hint}; p_code must be in private.refusals; p_details becomes text.';
REVOKE ALL ON FUNCTION private.refuse(private.rpc_call, text, jsonb, text, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.refuse_argument: 400 invalid_argument, which names the argument and what is wrong with it.

CREATE FUNCTION private.refuse_argument(
    p_call     private.rpc_call,
    p_argument text,
    p_reason   text DEFAULT 'is required'
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN private.refuse(p_call, 'invalid_argument', jsonb_build_object(
        'argument', p_argument, 'reason', p_reason));
END
$function$;

ALTER FUNCTION private.refuse_argument(private.rpc_call, text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_argument(private.rpc_call, text, text) IS
    'Refuses a call with invalid_argument; details name the argument and the reason.';
REVOKE ALL ON FUNCTION private.refuse_argument(private.rpc_call, text, text)
    FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
