-- private.save_part: writes checked fields of a part, new (p_part_id NULL) or known. A known part that
-- has these values already is not written.

CREATE FUNCTION private.save_part(
    p_yacht_id uuid,
    p_part_id  uuid,
    p_fields   jsonb
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_part public.pms_parts;
BEGIN
    IF p_part_id IS NULL THEN
        INSERT INTO public.pms_parts AS p
            (yacht_id, part_number, name, description, manufacturer, category, unit, barcode,
             min_level, max_level, is_critical, primary_location_id)
        SELECT
            p_yacht_id, f.part_number, f.name, f.description, f.manufacturer, f.category,
            coalesce(f.unit, 'pcs'), f.barcode, coalesce(f.min_level, 0), f.max_level,
            coalesce(f.is_critical, false), f.primary_location_id
        FROM jsonb_populate_record(NULL::public.pms_parts, p_fields) AS f
        RETURNING p.*
        INTO v_part;
        RETURN to_jsonb(v_part);
    END IF;

    SELECT p.*
    INTO v_part
    FROM public.pms_parts AS p
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    FOR UPDATE;
    IF to_jsonb(v_part) @> p_fields THEN
        RETURN to_jsonb(v_part);
    END IF;

    v_part := jsonb_populate_record(v_part, p_fields);
    UPDATE public.pms_parts AS p
    SET part_number = v_part.part_number,
        name = v_part.name,
        description = v_part.description,
        manufacturer = v_part.manufacturer,
        category = v_part.category,
        unit = v_part.unit,
        barcode = v_part.barcode,
        min_level = v_part.min_level,
        max_level = v_part.max_level,
        is_critical = v_part.is_critical,
        primary_location_id = v_part.primary_location_id,
        updated_at = clock_timestamp()
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    RETURNING p.*
    INTO v_part;
    RETURN to_jsonb(v_part);
END
$function$;

ALTER FUNCTION private.save_part(uuid, uuid, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.save_part(uuid, uuid, jsonb) IS
    'Inserts (p_part_id NULL) or updates a part from cleaned fields; returns its row. Raises unique_violation and check_violation.';
REVOKE ALL ON FUNCTION private.save_part(uuid, uuid, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;
