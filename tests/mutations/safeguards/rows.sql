-- Who sees and changes which rows: row security, policies, and views that read as who reads them.

WITH relations AS (
    SELECT
        c.oid,
        format('%I.%I', n.nspname, c.relname) AS name,
        c.relkind,
        c.relrowsecurity,
        c.relforcerowsecurity
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'private', 'master', 'storage')
      AND c.relkind IN ('r', 'p', 'v')
)
SELECT
    'row security' AS kind,
    r.name,
    lower(w.way) AS way,
    format('ALTER TABLE %s %s ROW LEVEL SECURITY', r.name, w.way) AS statement,
    NULL AS condition
FROM relations AS r
CROSS JOIN LATERAL (
    SELECT 'DISABLE' AS way
    WHERE r.relrowsecurity
    UNION ALL
    SELECT 'NO FORCE'
    WHERE r.relforcerowsecurity
) AS w
UNION ALL
SELECT
    'policy',
    r.name || '.' || p.polname,
    'drop',
    format('DROP POLICY %I ON %s', p.polname, r.name),
    NULL
FROM pg_catalog.pg_policy AS p
JOIN relations AS r ON r.oid = p.polrelid
UNION ALL
SELECT
    'policy',
    r.name || '.' || p.polname,
    CASE c.clause WHEN 'USING' THEN 'using' ELSE 'check' END,
    format('ALTER POLICY %I ON %s %s ({condition})', p.polname, r.name, c.clause),
    c.condition
FROM pg_catalog.pg_policy AS p
JOIN relations AS r ON r.oid = p.polrelid
CROSS JOIN LATERAL (VALUES
    ('USING', pg_get_expr(p.polqual, p.polrelid)),
    ('WITH CHECK', pg_get_expr(p.polwithcheck, p.polrelid))
) AS c (clause, condition)
WHERE c.condition <> 'true'
UNION ALL
SELECT
    'view',
    r.name,
    'definer',
    format('ALTER VIEW %s SET (security_invoker = false)', r.name),
    NULL
FROM relations AS r
WHERE r.relkind = 'v'
