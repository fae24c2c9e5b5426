-- Verify part_lens_master:roles on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    -- Only the roles that the MASTER tables use: those of the API go with the last tenant database
    -- of the cluster.
    SELECT string_agg(format('%s: %s', r.rolname, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('pms_owner'::regrole), ('pms_rpc'), ('master_resolver')
    ) AS e (role)
    JOIN pg_catalog.pg_roles AS r
      ON r.oid = e.role
    CROSS JOIN LATERAL (VALUES
        ('it is a superuser', NOT r.rolsuper),
        ('it may make roles or databases', NOT (r.rolcreaterole OR r.rolcreatedb)),
        ('it bypasses row security', NOT r.rolbypassrls),
        ('it logs in, or cannot', r.rolcanlogin = (r.rolname = 'master_resolver')),
        ('master_resolver has its rights',
         r.rolname = 'master_resolver' OR NOT pg_has_role('master_resolver', r.oid, 'MEMBER'))
    ) AS f (fact, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'roles are not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
