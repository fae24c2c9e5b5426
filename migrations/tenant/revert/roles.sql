-- Revert part_lens_tenant:roles from pg

BEGIN;

-- Drops what our comment marks. A role that another database of the cluster, or the other project
-- in this one, still uses stays, and with it its memberships.

DO $roles$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname
        FROM pg_catalog.pg_roles AS r
        WHERE r.rolname IN ('pms_owner', 'pms_rpc', 'anon', 'authenticated', 'service_role',
                            'authenticator', 'master_resolver')
          AND shobj_description(r.oid, 'pg_authid') LIKE 'Part Lens:%'
        ORDER BY r.rolname
    LOOP
        BEGIN
            EXECUTE format('DROP ROLE %I', v_role);
        EXCEPTION
            WHEN dependent_objects_still_exist THEN
                RAISE NOTICE 'role % stays: something else uses it', v_role;
            WHEN insufficient_privilege THEN
                -- From PostgreSQL 16 on, only who made a role may drop it.
                RAISE NOTICE 'role % stays: somebody else made it', v_role;
        END;
    END LOOP;
END
$roles$;

COMMIT;
