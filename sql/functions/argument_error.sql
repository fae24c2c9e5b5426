-- private.argument_error: what is wrong with the arguments that RPCs share: one that is missing, or a
-- quantity, a limit, a time, notes or a seq that cannot be.

CREATE FUNCTION private.argument_error(
    p_given    jsonb,
    p_required text[]
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_missing text;
BEGIN
    FOREACH v_missing IN ARRAY p_required LOOP
        IF NOT p_given ? v_missing THEN
            RETURN jsonb_build_object('argument', v_missing, 'reason', 'is required');
        END IF;
    END LOOP;

    RETURN CASE
        WHEN p_given -> 'p_quantity' NOT BETWEEN '1' AND '1000000' THEN
            jsonb_build_object('argument', 'p_quantity', 'quantity', p_given -> 'p_quantity')
        WHEN p_given -> 'p_limit' NOT BETWEEN '1' AND '500' THEN
            '{"argument": "p_limit", "reason": "is not a whole number from 1 to 500"}'
        WHEN (p_given ->> 'p_occurred_at')::timestamp = '-infinity' THEN
            '{"argument": "p_occurred_at", "reason": "is not finite"}'
        WHEN (p_given ->> 'p_occurred_at')::timestamp
             > clock_timestamp() AT TIME ZONE 'UTC' + interval '2 minutes' THEN
            '{"argument": "p_occurred_at", "reason": "lies in the future"}'
        WHEN length(p_given ->> 'p_notes') > 2000 THEN
            '{"argument": "p_notes", "reason": "is longer than 2000 characters"}'
        WHEN p_given -> 'p_expected_seq' < '0' THEN
            '{"argument": "p_expected_seq", "reason": "is negative"}'
    END;
END
$function$;

ALTER FUNCTION private.argument_error(jsonb, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.argument_error(jsonb, text[]) IS
    '{"argument", "reason"} of the first argument that is missing or cannot be; NULL when all can. p_given: the arguments that are not null, timestamps in UTC.';
REVOKE ALL ON FUNCTION private.argument_error(jsonb, text[])
    FROM PUBLIC, anon, authenticated, service_role;
