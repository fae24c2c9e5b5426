-- Verify part_lens_tenant:compat_auth on pg

BEGIN;

DO $verify$
DECLARE
    c_claims constant text :=
        '{"sub": "018f0000-0000-7000-8000-000000000001", "role": "authenticated"}';
    v_wrong text;
BEGIN
    PERFORM set_config('request.jwt.claims', c_claims, true);
    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM (VALUES
        ('auth.uid()', auth.uid() = '018f0000-0000-7000-8000-000000000001'::uuid),
        ('auth.role()', auth.role() = 'authenticated'),
        ('auth.jwt()', auth.jwt() = c_claims::jsonb),
        ('who may use the schema', has_schema_privilege('anon', 'auth', 'USAGE')
            AND has_schema_privilege('authenticated', 'auth', 'USAGE')
            AND has_schema_privilege('service_role', 'auth', 'USAGE')),
        ('who may create there', NOT has_schema_privilege('public', 'auth', 'CREATE')
            AND NOT has_schema_privilege('anon', 'auth', 'CREATE')
            AND NOT has_schema_privilege('authenticated', 'auth', 'CREATE')
            AND NOT has_schema_privilege('pms_rpc', 'auth', 'CREATE'))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'auth is not as planned: %', v_wrong;
    END IF;

    -- After a transaction that set the claims, the setting is the empty string.
    PERFORM set_config('request.jwt.claims', '', true);
    IF coalesce(auth.uid()::text, auth.role(), auth.jwt()::text) IS NOT NULL THEN
        RAISE EXCEPTION 'without claims there is a caller';
    END IF;
END
$verify$;

ROLLBACK;
