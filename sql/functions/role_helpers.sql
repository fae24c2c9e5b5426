-- The role helpers: does a person have a role on a yacht that counts now? With explicit arguments
-- they would tell anyone anyone's role, so they are not in the API.

CREATE FUNCTION private.has_yacht_role(
    p_user_id  uuid,
    p_yacht_id uuid,
    p_roles    text[]
)
    RETURNS boolean
    LANGUAGE sql
    STABLE
    PARALLEL SAFE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM public.auth_users_roles AS r
        WHERE r.user_id = p_user_id
          AND r.yacht_id = p_yacht_id
          AND r.role = ANY (p_roles)
          AND r.is_active
          AND r.valid_from <= now()
          AND (r.valid_until IS NULL OR r.valid_until > now())
    )
$function$;

ALTER FUNCTION private.has_yacht_role(uuid, uuid, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.has_yacht_role(uuid, uuid, text[]) IS
    'Whether the person has one of the roles on the yacht now.';
REVOKE ALL ON FUNCTION private.has_yacht_role(uuid, uuid, text[])
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.is_operational_crew(
    p_user_id  uuid,
    p_yacht_id uuid
)
    RETURNS boolean
    LANGUAGE sql
    STABLE
    PARALLEL SAFE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT private.has_yacht_role(p_user_id, p_yacht_id, ARRAY[
        'crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer', 'chief_officer',
        'chief_steward', 'purser', 'captain', 'manager'])
$function$;

ALTER FUNCTION private.is_operational_crew(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.is_operational_crew(uuid, uuid) IS
    'Whether the person has any role on the yacht now.';
REVOKE ALL ON FUNCTION private.is_operational_crew(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.is_hod(
    p_user_id  uuid,
    p_yacht_id uuid
)
    RETURNS boolean
    LANGUAGE sql
    STABLE
    PARALLEL SAFE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT private.has_yacht_role(p_user_id, p_yacht_id, ARRAY[
        'eto', 'chief_engineer', 'chief_officer', 'chief_steward', 'purser'])
$function$;

ALTER FUNCTION private.is_hod(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.is_hod(uuid, uuid) IS
    'Whether the person is a head of department on the yacht now.';
REVOKE ALL ON FUNCTION private.is_hod(uuid, uuid) FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.is_manager(
    p_user_id  uuid,
    p_yacht_id uuid
)
    RETURNS boolean
    LANGUAGE sql
    STABLE
    PARALLEL SAFE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT private.has_yacht_role(p_user_id, p_yacht_id, ARRAY['manager'])
$function$;

ALTER FUNCTION private.is_manager(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.is_manager(uuid, uuid) IS 'Whether the person is a manager of the yacht now.';
REVOKE ALL ON FUNCTION private.is_manager(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
