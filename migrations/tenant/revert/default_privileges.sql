-- Revert part_lens_tenant:default_privileges from pg

BEGIN;

DO $default_privileges$
BEGIN
    IF obj_description(to_regnamespace('auth'), 'pg_namespace') LIKE 'Part Lens:%' THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            REVOKE ALL ON FUNCTIONS FROM anon, authenticated, service_role;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            REVOKE ALL ON SEQUENCES FROM anon, authenticated, service_role;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            REVOKE ALL ON TABLES FROM anon, authenticated, service_role;
    END IF;
END
$default_privileges$;

COMMIT;
