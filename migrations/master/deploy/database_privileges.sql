-- Deploy part_lens_master:database_privileges to pg
-- requires: roles

BEGIN;

-- database_privileges: who may connect, and that nobody who is merely connected may make temporary
-- objects (a temporary domain is looked up before ours; see the search_path of every function).

DO $database_privileges$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO authenticator, master_resolver',
                   current_database());
    -- On Supabase the platform's own logins connect by the right of PUBLIC: it stays there. Elsewhere
    -- the schema `auth` is ours, or, where only the MASTER tables are, missing.
    IF to_regnamespace('auth') IS NULL
       OR obj_description(to_regnamespace('auth'), 'pg_namespace') LIKE 'Part Lens:%' THEN
        EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
END
$database_privileges$;

COMMIT;
