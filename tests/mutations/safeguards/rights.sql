-- Who may do what at all: what is granted to nobody, who owns, and with whose rights a function runs.

WITH relations AS (
    SELECT
        c.oid,
        format('%I.%I', n.nspname, c.relname) AS name,
        c.relkind,
        c.relacl
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'private', 'master')
      AND c.relkind IN ('r', 'p', 'v')
),
functions AS (
    SELECT
        format('%I.%I', n.nspname, p.proname) AS name,
        format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
            AS signature,
        p.prosecdef,
        p.proowner,
        p.proacl,
        p.proconfig
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('public', 'private', 'master')
),
types AS (
    SELECT format('%I.%I', n.nspname, t.typname) AS name
    FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
    WHERE n.nspname IN ('public', 'private', 'master')
      AND (t.typtype IN ('d', 'e') OR c.relkind = 'c')
),
grantees (name, oid) AS (
    VALUES
        ('PUBLIC', 0::oid),
        ('anon', to_regrole('anon')),
        ('authenticated', to_regrole('authenticated')),
        ('service_role', to_regrole('service_role')),
        ('pms_rpc', to_regrole('pms_rpc'))
)
SELECT
    'table' AS kind,
    format('%s on %s', g.name, r.name) AS name,
    lower(p.privilege) AS way,
    format('GRANT %s ON %s TO %s', p.privilege, r.name, g.name) AS statement,
    NULL AS condition
FROM relations AS r
CROSS JOIN grantees AS g
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege)
WHERE (r.relkind <> 'v' OR p.privilege = 'SELECT')
  AND NOT EXISTS (
      SELECT
      FROM aclexplode(r.relacl) AS a
      WHERE a.grantee = g.oid
        AND a.privilege_type = p.privilege
  )
UNION ALL
SELECT
    'function',
    format('%s on %s', g.name, f.name),
    'execute',
    format('GRANT EXECUTE ON FUNCTION %s TO %s', f.signature, g.name),
    NULL
FROM functions AS f
CROSS JOIN grantees AS g
WHERE g.oid <> f.proowner
  AND NOT EXISTS (SELECT FROM aclexplode(f.proacl) AS a WHERE a.grantee = g.oid)
UNION ALL
SELECT 'type', 'PUBLIC on ' || t.name, 'usage', format('GRANT USAGE ON TYPE %s TO PUBLIC', t.name),
       NULL
FROM types AS t
UNION ALL
SELECT
    'schema',
    format('%s on %s', g.name, n.nspname),
    lower(p.privilege),
    format('GRANT %s ON SCHEMA %I TO %s', p.privilege, n.nspname, g.name),
    NULL
FROM pg_catalog.pg_namespace AS n
CROSS JOIN grantees AS g
CROSS JOIN unnest(ARRAY['USAGE', 'CREATE']) AS p (privilege)
WHERE n.nspname IN ('public', 'private', 'master')
  AND NOT EXISTS (
      SELECT
      FROM aclexplode(n.nspacl) AS a
      WHERE a.grantee = g.oid
        AND a.privilege_type = p.privilege
  )
UNION ALL
SELECT 'database', 'PUBLIC', lower(p.privilege),
       format('GRANT %s ON DATABASE %I TO PUBLIC', p.privilege, current_database()), NULL
FROM unnest(ARRAY['CONNECT', 'TEMPORARY']) AS p (privilege)
UNION ALL
-- As if the hand-over were forgotten.
SELECT 'owner', r.name, 'deployer', format('ALTER TABLE %s OWNER TO part_lens_deployer', r.name),
       NULL
FROM relations AS r
UNION ALL
SELECT
    'definer',
    f.name,
    w.way,
    format('ALTER FUNCTION %s %s', f.signature, w.change),
    NULL
FROM functions AS f
CROSS JOIN (VALUES
    ('deployer', 'OWNER TO part_lens_deployer'),
    ('invoker', 'SECURITY INVOKER')
) AS w (way, change)
WHERE f.prosecdef
UNION ALL
SELECT 'search path', f.name, 'reset', format('ALTER FUNCTION %s RESET search_path', f.signature),
       NULL
FROM functions AS f
UNION ALL
SELECT 'role', r.rolname, lower(a.attribute), format('ALTER ROLE %I %s', r.rolname, a.attribute),
       NULL
FROM pg_catalog.pg_roles AS r
CROSS JOIN LATERAL (VALUES
    ('BYPASSRLS', r.rolbypassrls),
    ('SUPERUSER', r.rolsuper),
    ('LOGIN', r.rolcanlogin),
    ('INHERIT', r.rolinherit)
) AS a (attribute, has)
WHERE r.rolname IN ('pms_owner', 'pms_rpc', 'pms_keyholder', 'anon', 'authenticated',
                    'service_role', 'authenticator', 'master_resolver')
  AND NOT a.has
  -- Only a login can inherit; and Supabase's service_role passes row security.
  AND (a.attribute <> 'INHERIT' OR r.rolcanlogin)
  AND (r.rolname, a.attribute) <> ('service_role', 'BYPASSRLS')
UNION ALL
SELECT 'membership', format('%s of %s', m.name, g.name), 'grant',
       format('GRANT %s TO %s', g.name, m.name), NULL
FROM unnest(ARRAY['pms_owner', 'pms_rpc', 'pms_keyholder']) AS g (name)
CROSS JOIN unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator',
                        'master_resolver', 'pms_rpc', 'pms_owner', 'pms_keyholder']) AS m (name)
WHERE g.name <> m.name
