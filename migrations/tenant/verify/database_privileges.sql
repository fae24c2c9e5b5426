-- Verify part_lens_tenant:database_privileges on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM (VALUES
        ('who may connect', has_database_privilege('authenticator', current_database(), 'CONNECT')
            AND has_database_privilege('master_resolver', current_database(), 'CONNECT')),
        ('whether everybody may connect',
            -- On Supabase they may.
            (to_regnamespace('auth') IS NOT NULL
             AND obj_description(to_regnamespace('auth'), 'pg_namespace')
                 IS DISTINCT FROM 'Part Lens: stands in for the auth schema of Supabase.')
            OR NOT has_database_privilege('public', current_database(), 'CONNECT')),
        ('who may make temporary objects',
            NOT has_database_privilege('public', current_database(), 'TEMPORARY')
            AND NOT has_database_privilege('authenticated', current_database(), 'TEMPORARY')
            AND NOT has_database_privilege('authenticator', current_database(), 'TEMPORARY'))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the privileges of the database are not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
