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
