-- roles: who owns, who runs, who logs in. Roles belong to the cluster, so another database may have
-- made them already, and on Supabase the API roles are there from the start: only what is missing
-- is made, and a comment marks what we made, so that a revert drops nothing else.

DO $roles$
DECLARE
    v_role   record;
    v_bypass text := '';
BEGIN
    -- Supabase's service_role bypasses row security. Who may give that away differs by server:
    -- PostgreSQL 15 wants a superuser, 16 a role that has it itself. Nothing of ours needs it.
    IF (SELECT r.rolsuper
               OR (current_setting('server_version_num')::integer >= 160000 AND r.rolbypassrls)
        FROM pg_catalog.pg_roles AS r
        WHERE r.rolname = current_user) THEN
        v_bypass := ' BYPASSRLS';
    END IF;

    FOR v_role IN
        SELECT w.name, w.attributes, w.purpose
        FROM (VALUES
            ('pms_owner',       'NOLOGIN',              'owns schemas, tables and views'),
            ('pms_rpc',         'NOLOGIN',              'owns the functions that run with its rights; owns no table'),
            ('pms_keyholder',   'NOLOGIN',              'reads the key of private.totp_key'),
            ('anon',            'NOLOGIN NOINHERIT',    'API calls without a token'),
            ('authenticated',   'NOLOGIN NOINHERIT',    'API calls of a person'),
            ('service_role',    'NOLOGIN NOINHERIT' || v_bypass, 'API calls of a service'),
            ('authenticator',   'LOGIN NOINHERIT',      'login of PostgREST and of the gateway'),
            ('master_resolver', 'LOGIN NOINHERIT',      'login of the tenant look-up, for nothing else')
        ) AS w (name, attributes, purpose)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_role.name
        );
        BEGIN
            EXECUTE format('CREATE ROLE %I %s', v_role.name, v_role.attributes);
            EXECUTE format('COMMENT ON ROLE %I IS %L', v_role.name,
                           'Part Lens: ' || v_role.purpose);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- Another database of the cluster was migrated at the same moment.
            NULL;
        END;
    END LOOP;

    FOR v_role IN
        SELECT w.granted, w.member
        FROM (VALUES
            ('anon',          'authenticator'::name),
            ('authenticated', 'authenticator'),
            ('service_role',  'authenticator'),
            -- The deployer hands objects over to these, which takes membership.
            ('pms_owner',     current_user),
            ('pms_rpc',       current_user),
            ('pms_keyholder', current_user)
        ) AS w (granted, member)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT
            FROM pg_catalog.pg_auth_members AS m
            WHERE m.roleid = v_role.granted::regrole
              AND m.member = v_role.member::regrole
              -- PostgreSQL 16 gives a role's maker membership without the right to use it.
              AND coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
              AND (v_role.member <> current_user
                   OR coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true))
        );
        BEGIN
            EXECUTE format('GRANT %I TO %I', v_role.granted, v_role.member);
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$roles$;
