-- Revert part_lens_tenant:compat_auth from pg

BEGIN;

-- Supabase's own schema has not our comment, and stays.

DO $auth$
BEGIN
    IF obj_description(to_regnamespace('auth'), 'pg_namespace') LIKE 'Part Lens:%' THEN
        DROP FUNCTION auth.role();
        DROP FUNCTION auth.uid();
        DROP FUNCTION auth.jwt();
        DROP SCHEMA auth;
    END IF;
END
$auth$;

COMMIT;
