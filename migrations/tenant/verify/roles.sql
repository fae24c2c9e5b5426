-- Verify part_lens_tenant:roles on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    -- Of Supabase's own roles, who logs in and who bypasses row security is Supabase's business.
    SELECT string_agg(format('%s: %s', r.rolname, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('pms_owner'::regrole), ('pms_rpc'), ('anon'), ('authenticated'), ('service_role'),
        ('authenticator'), ('master_resolver')
    ) AS e (role)
    JOIN pg_catalog.pg_roles AS r
      ON r.oid = e.role
    CROSS JOIN LATERAL (VALUES
        ('it is a superuser', NOT r.rolsuper),
        ('it may make roles or databases', NOT (r.rolcreaterole OR r.rolcreatedb)),
        ('it bypasses row security', NOT r.rolbypassrls OR r.rolname = 'service_role'),
        ('it logs in, or cannot',
         r.rolcanlogin = (r.rolname IN ('authenticator', 'master_resolver'))),
        ('it inherits', NOT r.rolinherit OR r.rolname IN ('pms_owner', 'pms_rpc', 'anon',
                                                          'authenticated', 'service_role'))
    ) AS f (fact, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'roles are not as planned: %', v_wrong;
    END IF;

    SELECT string_agg(format('%s in %s', e.member, e.role), ', ')
    INTO v_wrong
    FROM (VALUES
        ('anon', 'authenticator', true),
        ('authenticated', 'authenticator', true),
        ('service_role', 'authenticator', true),
        ('pms_owner', 'authenticator', false),
        ('pms_owner', 'authenticated', false),
        ('pms_owner', 'pms_rpc', false),
        ('pms_rpc', 'authenticator', false),
        ('pms_rpc', 'anon', false),
        ('pms_rpc', 'authenticated', false),
        ('pms_rpc', 'service_role', false),
        ('anon', 'master_resolver', false),
        ('authenticated', 'master_resolver', false),
        ('pms_rpc', 'master_resolver', false)
    ) AS e (role, member, is_member)
    WHERE pg_has_role(e.member, e.role, 'MEMBER') <> e.is_member;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'who is in which role is not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
