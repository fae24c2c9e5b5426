-- private.signing_gate: may the caller try a signature, or an enrolment code, now? One try of a person
-- at a time: counting without it would let parallel guesses past the limit, and waiting under bcrypt
-- would let one person occupy every connection. At most 5 failures in 15 minutes, also after a success.
--
-- Lock and count in two statements: the second has a snapshot from after the lock.

CREATE FUNCTION private.signing_gate(p_user_id uuid)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_failures bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('signature of ' || p_user_id::text, 0)) THEN
        RETURN 'signature_busy';
    END IF;
    SELECT count(*)
    INTO v_failures
    FROM private.signing_failures AS f
    WHERE f.user_id = p_user_id
      AND f.failed_at > clock_timestamp() - interval '15 minutes';
    RETURN CASE WHEN v_failures >= 5 THEN 'signature_locked' END;
END
$function$;

ALTER FUNCTION private.signing_gate(uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.signing_gate(uuid) IS
    'signature_busy, signature_locked, or NULL: the caller may try, and nobody else for them until the transaction ends.';
REVOKE ALL ON FUNCTION private.signing_gate(uuid) FROM PUBLIC, anon, authenticated, service_role;
