-- private.my_yachts: the yachts of the caller, for the policies that bind API roles. It runs with the
-- rights of pms_rpc because those roles may not read the roles of everybody, and without arguments,
-- so that a policy calls it once a statement and not once a row.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.my_yachts(p_roles text[] DEFAULT NULL)
    RETURNS uuid[]
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT m.yacht_id), '{}')
        FROM private.my_roles AS m
        WHERE p_roles IS NULL
           OR m.role = ANY (p_roles)
    );
END
$function$;

ALTER FUNCTION private.my_yachts(text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.my_yachts(text[]) IS
    'Yachts on which the caller has a role that counts now; p_roles: only those roles.';
REVOKE ALL ON FUNCTION private.my_yachts(text[]) FROM PUBLIC, anon, authenticated, service_role;
-- A policy is checked as the role that reads; without USAGE on the schema that role cannot name it.
GRANT EXECUTE ON FUNCTION private.my_yachts(text[]) TO authenticated;
