-- Verify part_lens_tenant:schemas on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(format('%s on %s', e.role, e.schema), ', ')
    INTO v_wrong
    FROM (VALUES
        ('public',  'pms_owner',     true,  true),
        ('public',  'pms_rpc',       true,  true),
        ('public',  'anon',          true,  false),
        ('public',  'authenticated', true,  false),
        ('public',  'service_role',  true,  false),
        ('private', 'pms_owner',     true,  true),
        ('private', 'pms_rpc',       true,  true),
        ('private', 'public',        false, false),
        ('private', 'anon',          false, false),
        ('private', 'authenticated', false, false),
        ('private', 'service_role',  false, false),
        ('private', 'authenticator', false, false)
    ) AS e (schema, role, usage, creation)
    WHERE has_schema_privilege(e.role, e.schema, 'USAGE') <> e.usage
       OR has_schema_privilege(e.role, e.schema, 'CREATE') <> e.creation;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'who may what in a schema is not as planned: %', v_wrong;
    END IF;

    IF has_schema_privilege('public', 'public', 'CREATE') THEN
        RAISE EXCEPTION 'everybody may create in the API schema'
            USING HINT = 'REVOKE CREATE ON SCHEMA public FROM PUBLIC;';
    END IF;
    IF 'pms_owner'::regrole <> (
        SELECT n.nspowner FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'private'
    ) THEN
        RAISE EXCEPTION 'the schema private is not owned by pms_owner';
    END IF;
END
$verify$;

ROLLBACK;
