-- private.location_at_path: the location at the end of a path of names; what is missing of the path is
-- made.

CREATE FUNCTION private.location_at_path(
    p_yacht_id uuid,
    p_path     text,
    OUT location_id uuid,
    OUT created     integer,
    OUT error_code  text
)
    RETURNS record
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_name   text;
    v_parent uuid;
    v_active boolean;
BEGIN
    created := 0;
    FOREACH v_name IN ARRAY string_to_array(p_path, ' / ') LOOP
        v_name := btrim(v_name);
        IF length(v_name) NOT BETWEEN 1 AND 200 OR v_name ~ '[[:cntrl:]]' THEN
            error_code := 'invalid_location';
            RETURN;
        END IF;
        v_parent := location_id;
        INSERT INTO public.pms_part_locations (yacht_id, parent_location_id, name)
        SELECT p_yacht_id, v_parent, v_name
        WHERE NOT EXISTS (
            SELECT
            FROM public.pms_part_locations AS l
            WHERE l.yacht_id = p_yacht_id
              AND l.parent_location_id IS NOT DISTINCT FROM v_parent
              AND lower(l.name) = lower(v_name)
        )
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            created := created + 1;
        END IF;
        SELECT l.location_id, l.is_active
        INTO location_id, v_active
        FROM public.pms_part_locations AS l
        WHERE l.yacht_id = p_yacht_id
          AND l.parent_location_id IS NOT DISTINCT FROM v_parent
          AND lower(l.name) = lower(v_name);
        IF NOT v_active THEN
            error_code := 'location_deactivated';
            RETURN;
        END IF;
    END LOOP;
END
$function$;

ALTER FUNCTION private.location_at_path(uuid, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.location_at_path(uuid, text) IS
    'The location at a path of names separated by " / ", and how many of the path were made; or invalid_location, location_deactivated.';
REVOKE ALL ON FUNCTION private.location_at_path(uuid, text)
    FROM PUBLIC, anon, authenticated, service_role;
