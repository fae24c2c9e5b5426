-- auth: what Supabase brings for reading the caller's claims, where it is missing. The comment on
-- the schema marks a plain PostgreSQL server for the changes that follow and for the revert.

DO $auth$
BEGIN
    IF to_regnamespace('auth') IS NOT NULL THEN
        RETURN;
    END IF;

    CREATE SCHEMA auth;
    ALTER SCHEMA auth OWNER TO pms_owner;
    COMMENT ON SCHEMA auth IS 'Part Lens: stands in for the auth schema of Supabase.';
    GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role, pms_rpc;

    -- No SET clause: these are inlined into policies, where a call per row would cost more than the
    -- rule itself. They name nothing outside pg_catalog.
    CREATE FUNCTION auth.jwt()
        RETURNS jsonb
        LANGUAGE sql
        STABLE
        PARALLEL SAFE
    AS $function$
        SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb
    $function$;

    CREATE FUNCTION auth.uid()
        RETURNS uuid
        LANGUAGE sql
        STABLE
        PARALLEL SAFE
    AS $function$
        SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
    $function$;

    CREATE FUNCTION auth.role()
        RETURNS text
        LANGUAGE sql
        STABLE
        PARALLEL SAFE
    AS $function$
        SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
    $function$;

    ALTER FUNCTION auth.jwt() OWNER TO pms_owner;
    ALTER FUNCTION auth.uid() OWNER TO pms_owner;
    ALTER FUNCTION auth.role() OWNER TO pms_owner;
    COMMENT ON FUNCTION auth.jwt() IS 'The verified claims of the caller, or NULL.';
    COMMENT ON FUNCTION auth.uid() IS 'The caller''s user id (claim `sub`), or NULL.';
    COMMENT ON FUNCTION auth.role() IS 'The caller''s database role (claim `role`), or NULL.';
END
$auth$;
