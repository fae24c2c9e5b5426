-- private.clean_part_fields: the fields of a part as a client sent them, checked and in the form in
-- which they are stored: trimmed, '' as null. The one place that says what a field may hold, for
-- create_part, update_part and import_parts.

CREATE FUNCTION private.clean_part_fields(
    p_fields jsonb,
    p_also   text[] DEFAULT '{}',
    OUT fields     jsonb,
    OUT error_code text,
    OUT field      text,
    OUT reason     text
)
    RETURNS record
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c_texts  constant jsonb  := jsonb '{"part_number": 100, "name": 200, "description": 4000,
                                        "manufacturer": 200, "category": 100, "unit": 20,
                                        "barcode": 100}';
    c_levels constant text[] := ARRAY['min_level', 'max_level'];
    v_value  jsonb;
    v_text   text;
BEGIN
    fields := '{}';
    FOR field, v_value IN SELECT e.key, e.value FROM jsonb_each(p_fields) AS e ORDER BY e.key LOOP
        IF c_texts ? field THEN
            v_text := nullif(btrim(v_value #>> '{}'), '');
            IF jsonb_typeof(v_value) NOT IN ('string', 'null') THEN
                error_code := 'invalid_value';
                reason := 'is not a text';
            ELSIF v_text IS NULL AND field IN ('part_number', 'name') THEN
                error_code := 'missing_' || field;
                reason := 'is missing';
            ELSIF length(v_text) > (c_texts ->> field)::integer THEN
                error_code := 'invalid_value';
                reason := format('is longer than %s characters', c_texts ->> field);
            ELSIF v_text ~ '[[:cntrl:]]' AND field <> 'description' THEN
                error_code := 'invalid_value';
                reason := 'holds a control character';
            ELSIF field = 'unit' AND coalesce(v_text, 'pcs') <> ALL (private.units()) THEN
                error_code := 'unknown_unit';
                reason := 'is none of ' || array_to_string(private.units(), ', ');
            END IF;
            fields := fields || jsonb_build_object(
                field, CASE WHEN field = 'unit' THEN coalesce(v_text, 'pcs') ELSE v_text END);
        ELSIF field = ANY (c_levels) THEN
            IF jsonb_typeof(v_value) = 'null' THEN
                fields := fields || jsonb_build_object(
                    field, CASE WHEN field = 'min_level' THEN 0 END);
            ELSIF jsonb_typeof(v_value) <> 'number'
                  OR v_value::numeric <> trunc(v_value::numeric)
                  OR v_value::numeric NOT BETWEEN 0 AND 1000000
            THEN
                error_code := 'invalid_level';
                reason := 'is not a whole number from 0 to 1000000';
            ELSE
                fields := fields || jsonb_build_object(field, v_value::numeric::integer);
            END IF;
        ELSIF field = 'is_critical' THEN
            IF jsonb_typeof(v_value) NOT IN ('boolean', 'null') THEN
                error_code := 'invalid_value';
                reason := 'is not true or false';
            END IF;
            fields := fields || jsonb_build_object(field, coalesce(v_value = 'true', false));
        ELSIF field <> ALL (p_also) THEN
            error_code := 'unknown_key';
            reason := 'is not a field of a part';
        END IF;
        IF error_code IS NOT NULL THEN
            RETURN;
        END IF;
    END LOOP;

    IF (fields ->> 'max_level')::integer < coalesce((fields ->> 'min_level')::integer, 0) THEN
        error_code := 'invalid_level';
        field := 'max_level';
        reason := 'is below min_level';
    END IF;
END
$function$;

ALTER FUNCTION private.clean_part_fields(jsonb, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.clean_part_fields(jsonb, text[]) IS
    'Fields of a part, checked and normalised, or the first that cannot be: missing_part_number, missing_name, invalid_value, invalid_level, unknown_unit, unknown_key. p_also: keys that the caller checks itself.';
REVOKE ALL ON FUNCTION private.clean_part_fields(jsonb, text[])
    FROM PUBLIC, anon, authenticated, service_role;
