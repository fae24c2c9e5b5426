-- Deploy part_lens_tenant:default_privileges to pg
-- requires: compat_auth

BEGIN;

-- default_privileges: on Supabase everything that is made in `public` is open to the API roles until
-- it is revoked. A plain server gets the same defaults, so that a forgotten REVOKE shows here too.

DO $default_privileges$
BEGIN
    IF obj_description('auth'::regnamespace, 'pg_namespace') LIKE 'Part Lens:%' THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT ALL ON TABLES TO anon, authenticated, service_role;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
    END IF;
END
$default_privileges$;

COMMIT;
