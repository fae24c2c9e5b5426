-- Revert part_lens_tenant:extensions from pg

BEGIN;

-- The schema is ours where its comment says so: then what we put there goes with it, unless
-- something else has come to use it. In a schema of somebody else, as on Supabase, the extensions
-- may have been there before us and stay; they do no harm.

DO $extensions$
DECLARE
    v_extension name;
BEGIN
    IF obj_description(to_regnamespace('extensions'), 'pg_namespace') LIKE 'Part Lens:%' THEN
        BEGIN
            FOR v_extension IN
                SELECT e.extname
                FROM pg_catalog.pg_extension AS e
                WHERE e.extnamespace = 'extensions'::regnamespace
                  AND e.extname IN ('pgcrypto', 'pg_trgm', 'btree_gin')
                ORDER BY e.extname
            LOOP
                EXECUTE format('DROP EXTENSION %I', v_extension);
            END LOOP;
            DROP SCHEMA extensions;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'schema extensions stays: something else uses it';
            REVOKE USAGE ON SCHEMA extensions FROM pms_rpc;
        END;
    ELSE
        REVOKE USAGE ON SCHEMA extensions FROM pms_owner, pms_rpc;
    END IF;
END
$extensions$;

COMMIT;
