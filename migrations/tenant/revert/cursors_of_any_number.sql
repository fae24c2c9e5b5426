-- Revert part_lens_tenant:cursors_of_any_number from pg

BEGIN;

CREATE OR REPLACE FUNCTION private.decode_cursor(
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
    -- No base64, no UTF-8, no JSON, no array, or nested without end: not a cursor of ours.
    WHEN invalid_parameter_value OR character_not_in_repertoire OR untranslatable_character
         OR invalid_text_representation OR datatype_mismatch OR statement_too_complex THEN
        RETURN NULL;
END
$function$;

COMMIT;
