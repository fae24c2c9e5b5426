-- What is wrong with a location, with its name, with its place in the tree.

CREATE FUNCTION private.location_error(
    p_yacht_id    uuid,
    p_location_id uuid
)
    RETURNS text
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN p_location_id IS NULL THEN NULL
        ELSE (
            SELECT CASE
                WHEN l.location_id IS NULL THEN 'location_not_found'
                WHEN NOT l.is_active THEN 'location_deactivated'
            END
            FROM (SELECT) AS always_one_row
            LEFT JOIN public.pms_part_locations AS l
                ON l.yacht_id = p_yacht_id
               AND l.location_id = p_location_id
        )
    END
$function$;

ALTER FUNCTION private.location_error(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.location_error(uuid, uuid) IS
    'location_not_found or location_deactivated; NULL when the location is there, or none was named.';
REVOKE ALL ON FUNCTION private.location_error(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.location_name_error(p_name text)
    RETURNS text
    LANGUAGE sql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN coalesce(btrim(p_name), '') = '' THEN 'is required'
        WHEN length(btrim(p_name)) > 200 THEN 'is longer than 200 characters'
        WHEN p_name LIKE '% / %' THEN 'holds " / ", which separates the names of a path'
        WHEN p_name ~ '[[:cntrl:]]' THEN 'holds a control character'
    END
$function$;

ALTER FUNCTION private.location_name_error(text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.location_name_error(text) IS
    'Why a text cannot be the name of a location; NULL when it can.';
REVOKE ALL ON FUNCTION private.location_name_error(text)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.location_changes_error(p_changes jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_name_error text := private.location_name_error(p_changes ->> 'name');
BEGIN
    RETURN CASE
        WHEN jsonb_typeof(p_changes) <> 'object' OR p_changes = '{}' THEN
            '{"argument": "p_changes", "reason": "is not an object with changes"}'::jsonb
        WHEN jsonb_typeof(p_changes) = 'object'
             AND p_changes - ARRAY['name', 'parent_location_id'] <> '{}' THEN
            '{"argument": "p_changes",
              "reason": "takes name and parent_location_id, nothing else"}'
        WHEN p_changes ? 'name' AND jsonb_typeof(p_changes -> 'name') <> 'string' THEN
            '{"argument": "p_changes.name", "reason": "is not a text"}'
        WHEN p_changes ? 'name' AND v_name_error IS NOT NULL THEN
            jsonb_build_object('argument', 'p_changes.name', 'reason', v_name_error)
        WHEN NOT private.is_uuid_or_null(p_changes -> 'parent_location_id') THEN
            '{"argument": "p_changes.parent_location_id", "reason": "is not a UUID or null"}'
    END;
END
$function$;

ALTER FUNCTION private.location_changes_error(jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.location_changes_error(jsonb) IS
    '{"argument", "reason"} of what update_location cannot do; NULL when it can.';
REVOKE ALL ON FUNCTION private.location_changes_error(jsonb)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.lock_location_tree(p_yacht_id uuid)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pms_part_locations ' || p_yacht_id, 0));
END
$function$;

ALTER FUNCTION private.lock_location_tree(uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.lock_location_tree(uuid) IS
    'Waits until no other transaction moves or imports locations of the yacht, and keeps them out until its end.';
REVOKE ALL ON FUNCTION private.lock_location_tree(uuid)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.location_is_within(
    p_yacht_id    uuid,
    p_location_id uuid,
    p_ancestor_id uuid
)
    RETURNS boolean
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH RECURSIVE up (location_id, parent_location_id) AS (
        SELECT l.location_id, l.parent_location_id
        FROM public.pms_part_locations AS l
        WHERE l.yacht_id = p_yacht_id
          AND l.location_id = p_location_id
        UNION
        SELECT l.location_id, l.parent_location_id
        FROM up
        JOIN public.pms_part_locations AS l
          ON l.yacht_id = p_yacht_id
         AND l.location_id = up.parent_location_id
    )
    SELECT EXISTS (SELECT FROM up WHERE up.location_id = p_ancestor_id)
$function$;

ALTER FUNCTION private.location_is_within(uuid, uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.location_is_within(uuid, uuid, uuid) IS
    'Whether a location is, or lies within, p_ancestor_id.';
REVOKE ALL ON FUNCTION private.location_is_within(uuid, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.is_uuid_or_null(p_value jsonb)
    RETURNS boolean
    LANGUAGE sql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT p_value IS NULL
        OR p_value = 'null'
        OR (jsonb_typeof(p_value) = 'string'
            AND p_value #>> '{}' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')
$function$;

ALTER FUNCTION private.is_uuid_or_null(jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.is_uuid_or_null(jsonb) IS 'Whether a JSON value is absent, null or a UUID.';
REVOKE ALL ON FUNCTION private.is_uuid_or_null(jsonb)
    FROM PUBLIC, anon, authenticated, service_role;
