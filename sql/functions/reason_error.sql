-- private.reason_error: what is wrong with the reason that a person gives. Whether one must be given
-- says the action registry.

CREATE FUNCTION private.reason_error(p_reason text)
    RETURNS jsonb
    LANGUAGE sql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN p_reason !~ '\S' THEN
            '{"argument": "p_reason", "reason": "is blank"}'::jsonb
        WHEN length(p_reason) > 2000 THEN
            '{"argument": "p_reason", "reason": "is longer than 2000 characters"}'
    END
$function$;

ALTER FUNCTION private.reason_error(text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.reason_error(text) IS
    '{"argument", "reason"} of a reason that is blank or too long; NULL when it can be, or none was given.';
REVOKE ALL ON FUNCTION private.reason_error(text) FROM PUBLIC, anon, authenticated, service_role;
