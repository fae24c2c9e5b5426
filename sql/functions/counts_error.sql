-- private.counts_error: what is wrong with the lines of a count, before anything is looked up.

CREATE FUNCTION private.counts_error(p_counts jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_line   record;
    v_number CONSTANT text := '^(0|[1-9][0-9]{0,8})$';
    v_uuid   CONSTANT text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
    v_reason text;
BEGIN
    IF p_counts IS NULL THEN
        RETURN NULL;
    ELSIF jsonb_typeof(p_counts) <> 'array' OR jsonb_array_length(p_counts) NOT BETWEEN 1 AND 1000 THEN
        RETURN '{"argument": "p_counts", "reason": "is not a list of 1 to 1000 lines"}'::jsonb;
    END IF;
    FOR v_line IN
        SELECT c.value, c.ordinality - 1 AS place
        FROM jsonb_array_elements(p_counts) WITH ORDINALITY AS c (value, ordinality)
    LOOP
        v_reason := CASE
            WHEN jsonb_typeof(v_line.value) <> 'object'
            THEN 'is not an object'
            WHEN v_line.value - ARRAY['part_id', 'stock_id', 'counted_quantity', 'expected_seq'] <> '{}'
            THEN 'has an unknown key'
            WHEN (v_line.value ->> 'part_id' ~ v_uuid) IS NOT TRUE
            THEN 'has no part_id'
            WHEN v_line.value ->> 'stock_id' !~ v_uuid
            THEN 'has a stock_id that is no UUID'
            WHEN v_line.value ->> 'expected_seq' !~ v_number
            THEN 'has an expected_seq that is no whole number'
            WHEN v_line.value ->> 'counted_quantity' IS NULL
            THEN 'has no counted_quantity'
        END;
        IF v_reason IS NOT NULL THEN
            RETURN jsonb_build_object(
                'argument', format('p_counts[%s]', v_line.place), 'reason', v_reason);
        ELSIF v_line.value ->> 'counted_quantity' !~ v_number
              OR (v_line.value ->> 'counted_quantity')::integer > 1000000
        THEN
            RETURN jsonb_build_object(
                'code', 'invalid_quantity', 'argument', format('p_counts[%s]', v_line.place),
                'quantity', v_line.value -> 'counted_quantity');
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;

ALTER FUNCTION private.counts_error(jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.counts_error(jsonb) IS
    'What is wrong with the first line of a count that cannot be, as private.open_call takes it; NULL when all can.';
REVOKE ALL ON FUNCTION private.counts_error(jsonb) FROM PUBLIC, anon, authenticated, service_role;
