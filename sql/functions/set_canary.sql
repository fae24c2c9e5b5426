-- private.set_canary: an operator sets the percentage, for a reason. It begins the step anew: soak and
-- windows count from here, and what fell back may go on again.

CREATE FUNCTION private.set_canary(
    p_now        timestamptz,
    p_percentage integer,
    p_reason     text,
    p_enabled    boolean DEFAULT true,
    p_watched    boolean DEFAULT true,
    p_flag_name  text    DEFAULT 'part_lens_v2'
)
    RETURNS private.canary_decisions
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before integer;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'a percentage is set for a reason';
    ELSIF p_percentage IS NULL OR p_percentage NOT BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'a percentage is a number from 0 to 100';
    END IF;

    SELECT f.canary_percentage INTO STRICT v_before
    FROM public.feature_flags AS f
    WHERE f.flag_name = p_flag_name
    FOR UPDATE;
    UPDATE public.feature_flags AS f
    SET canary_percentage = p_percentage,
        enabled = p_enabled,
        updated_at = p_now
    WHERE f.flag_name = p_flag_name;
    RETURN private.record_decision(
        p_flag_name, p_now, 'set', 'operator', v_before, p_percentage,
        jsonb_build_object('enabled', p_enabled), p_reason => btrim(p_reason),
        p_watched => p_watched);
END
$function$;

ALTER FUNCTION private.set_canary(timestamptz, integer, text, boolean, boolean, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.set_canary(timestamptz, integer, text, boolean, boolean, text) IS
    'Sets the percentage of a flag for a reason; p_watched false: windows do not move it from here on.';
REVOKE ALL ON FUNCTION private.set_canary(timestamptz, integer, text, boolean, boolean, text)
    FROM PUBLIC, anon, authenticated, service_role;
