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
