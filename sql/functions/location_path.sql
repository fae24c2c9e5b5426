-- private.location_path: the names from the root to a location. Runs with the rights of the reader, so
-- that row security decides what a path may show.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.location_path(
    p_yacht_id    uuid,
    p_location_id uuid
)
    RETURNS text
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        WITH RECURSIVE up (parent_location_id, path, depth) AS (
            SELECT l.parent_location_id, l.name, 1
            FROM public.pms_part_locations AS l
            WHERE l.yacht_id = p_yacht_id
              AND l.location_id = p_location_id
            UNION ALL
            SELECT l.parent_location_id, l.name || ' / ' || up.path, up.depth + 1
            FROM up
            JOIN public.pms_part_locations AS l
              ON l.yacht_id = p_yacht_id
             AND l.location_id = up.parent_location_id
            WHERE up.depth < 200
        )
        SELECT up.path
        FROM up
        WHERE up.parent_location_id IS NULL
    );
END
$function$;

ALTER FUNCTION private.location_path(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.location_path(uuid, uuid) IS
    'Path of a location: the names from the root, separated by " / ".';
REVOKE ALL ON FUNCTION private.location_path(uuid, uuid) FROM PUBLIC, anon, authenticated, service_role;
