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
