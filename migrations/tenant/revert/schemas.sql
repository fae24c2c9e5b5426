-- Revert part_lens_tenant:schemas from pg

BEGIN;

REVOKE USAGE, CREATE ON SCHEMA public FROM pms_owner, pms_rpc;
DROP SCHEMA private;

-- On Supabase the API roles had this before.
DO $schemas$
BEGIN
    IF obj_description(to_regnamespace('auth'), 'pg_namespace') LIKE 'Part Lens:%' THEN
        REVOKE USAGE ON SCHEMA public FROM anon, authenticated, service_role;
    END IF;
END
$schemas$;

COMMIT;
