-- Verify part_lens_master:master on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(e.role, ', ')
    INTO v_wrong
    FROM (VALUES
        ('pms_owner',       true,  true),
        ('pms_rpc',         true,  true),
        ('master_resolver', true,  false),
        ('public',          false, false),
        ('anon',            false, false),
        ('authenticated',   false, false),
        ('service_role',    false, false),
        ('authenticator',   false, false)
    ) AS e (role, usage, creation)
    -- The roles of the API go with the last tenant database of the cluster.
    WHERE CASE
        WHEN e.role = 'public' OR to_regrole(e.role) IS NOT NULL
        THEN has_schema_privilege(e.role, 'master', 'USAGE') <> e.usage
            OR has_schema_privilege(e.role, 'master', 'CREATE') <> e.creation
    END;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'who may what in the schema master is not as planned: %', v_wrong;
    END IF;

    IF 'pms_owner'::regrole <> (
        SELECT n.nspowner FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'master'
    ) THEN
        RAISE EXCEPTION 'the schema master is not owned by pms_owner';
    END IF;
END
$verify$;

ROLLBACK;
