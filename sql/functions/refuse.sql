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
