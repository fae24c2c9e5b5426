-- private.refuse_twin: a key that is taken. The same call again hears its own result; anything else
-- hears nothing of the other call.

CREATE FUNCTION private.refuse_twin(
    p_call      private.rpc_call,
    p_key       text,
    p_arguments jsonb
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_first record;
BEGIN
    SELECT k.actor_id, k.action, k.arguments_sha256, k.result
    INTO v_first
    FROM private.request_keys AS k
    WHERE k.yacht_id = p_call.yacht_id
      AND k.idempotency_key = p_key;

    IF v_first.actor_id = p_call.actor_id
       AND v_first.action = p_call.action
       AND v_first.arguments_sha256 = sha256(convert_to(p_arguments::text, 'UTF8'))
    THEN
        RETURN private.refuse(p_call, 'duplicate_idempotency_key', v_first.result);
    END IF;
    RETURN private.refuse(p_call, 'idempotency_key_reused');
END
$function$;

ALTER FUNCTION private.refuse_twin(private.rpc_call, text, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_twin(private.rpc_call, text, jsonb) IS
    'Refuses a call whose key is taken: duplicate_idempotency_key with the first result in details, or idempotency_key_reused.';
REVOKE ALL ON FUNCTION private.refuse_twin(private.rpc_call, text, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;
