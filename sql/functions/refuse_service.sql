-- private.refuse_service: the answer of a call of a service that is refused. A service acts on no yacht,
-- so there is no yacht's log to be on: the gateway logs it.

CREATE FUNCTION private.refuse_service(
    p_argument text,
    p_reason   text
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_refusal private.refusals;
BEGIN
    SELECT r.* INTO STRICT v_refusal
    FROM private.refusals AS r
    WHERE r.code = 'invalid_argument';
    PERFORM set_config('response.status', v_refusal.http_status::text, true);
    RETURN jsonb_build_object(
        'code', v_refusal.code,
        'message', v_refusal.message,
        'details', jsonb_build_object('argument', p_argument, 'reason', p_reason)::text,
        'hint', v_refusal.hint);
END
$function$;

ALTER FUNCTION private.refuse_service(text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_service(text, text) IS
    'Sets the HTTP status and returns invalid_argument in the shape of a refusal.';
REVOKE ALL ON FUNCTION private.refuse_service(text, text) FROM PUBLIC, anon, authenticated, service_role;
