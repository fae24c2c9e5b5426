-- Cursors of paged lists: opaque to the client, to us a JSON array that says where the next page begins.

CREATE FUNCTION private.encode_cursor(VARIADIC p_position text[])
    RETURNS text
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT translate(encode(convert_to(to_jsonb(p_position)::text, 'UTF8'), 'base64'), E'+/\n', '-_')
$function$;

ALTER FUNCTION private.encode_cursor(text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.encode_cursor(text[]) IS 'A position in a list as an opaque text, base64url.';
REVOKE ALL ON FUNCTION private.encode_cursor(text[]) FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.decode_cursor(
    p_cursor text,
    VARIADIC p_patterns text[]
)
    RETURNS text[]
    LANGUAGE plpgsql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_position text[];
BEGIN
    SELECT array_agg(e.value ORDER BY e.ordinality)
    INTO v_position
    FROM jsonb_array_elements_text(
        convert_from(decode(translate(p_cursor, '-_', '+/'), 'base64'), 'UTF8')::jsonb)
        WITH ORDINALITY AS e;
    IF cardinality(v_position) IS DISTINCT FROM cardinality(p_patterns) THEN
        RETURN NULL;
    END IF;
    FOR i IN 1 .. cardinality(p_patterns) LOOP
        IF (v_position[i] ~ p_patterns[i]) IS NOT TRUE THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN v_position;
EXCEPTION
    -- No base64, no UTF-8, no JSON, a number beyond all bounds, no array, or nested without end: not
    -- a cursor of ours.
    WHEN invalid_parameter_value OR character_not_in_repertoire OR untranslatable_character
         OR invalid_text_representation OR numeric_value_out_of_range OR datatype_mismatch
         OR statement_too_complex THEN
        RETURN NULL;
END
$function$;

ALTER FUNCTION private.decode_cursor(text, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.decode_cursor(text, text[]) IS
    'The position that a cursor holds, one text per pattern, or NULL when it is none of ours.';
REVOKE ALL ON FUNCTION private.decode_cursor(text, text[])
    FROM PUBLIC, anon, authenticated, service_role;
