-- Verify part_lens_tenant:totp_key on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.totp_key'::regproc,
         'STABLE', 'DEFINER', 'pms_keyholder', '{pms_rpc}'::text[])
    ) AS e (function, volatility, security, owner, callers)
    JOIN pg_catalog.pg_proc AS p
      ON p.oid = e.function
    CROSS JOIN LATERAL (VALUES
        ('its owner', p.proowner = e.owner::regrole),
        ('its comment', obj_description(p.oid, 'pg_proc') <> ''),
        ('its volatility', p.provolatile = lower(left(e.volatility, 1))),
        ('whose rights it has', p.prosecdef = (e.security = 'DEFINER')),
        ('its search_path', 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)),
        ('who may call it', e.callers = ARRAY(
            SELECT r.role
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_owner',
                              'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            WHERE has_function_privilege(r.role, p.oid, 'EXECUTE')
            ORDER BY r.place))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'functions are not as planned: %', v_wrong;
    END IF;

    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_roles AS r
    CROSS JOIN LATERAL (VALUES
        ('it logs in or rules', NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole
                                     OR r.rolcreatedb OR r.rolbypassrls)),
        ('it may create in private', NOT has_schema_privilege(r.oid, 'private', 'CREATE')),
        ('pms_rpc is it', NOT pg_has_role('pms_rpc', r.oid, 'MEMBER')),
        ('an API role is it', NOT pg_has_role('authenticator', r.oid, 'MEMBER'))
    ) AS f (fault, is_ruled_out)
    WHERE r.rolname = 'pms_keyholder'
      AND f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'pms_keyholder is not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
