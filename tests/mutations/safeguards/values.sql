-- What a row can be: triggers, CHECKs, domains, keys, foreign keys, NOT NULL.

WITH relations AS (
    SELECT
        c.oid,
        format('%I.%I', n.nspname, c.relname) AS name,
        n.nspname AS schema,
        c.relkind,
        c.relispartition
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'private', 'master')
      AND c.relkind IN ('r', 'p', 'v')
)
SELECT
    'trigger' AS kind,
    r.name || '.' || g.tgname AS name,
    w.way,
    format(w.statement, r.name, g.tgname) AS statement,
    NULL AS condition
FROM pg_catalog.pg_trigger AS g
JOIN relations AS r ON r.oid = g.tgrelid
CROSS JOIN LATERAL (
    SELECT 'drop' AS way, 'DROP TRIGGER %2$I ON %1$s' AS statement
    WHERE r.relkind = 'v'
    UNION ALL
    SELECT 'disable', 'ALTER TABLE %s DISABLE TRIGGER %I'
    WHERE r.relkind <> 'v'
    UNION ALL
    SELECT 'ordinary', 'ALTER TABLE %s ENABLE TRIGGER %I'
    WHERE g.tgenabled = 'A'
) AS w
WHERE NOT g.tgisinternal
UNION ALL
SELECT
    'check',
    r.name || '.' || k.conname,
    'drop',
    format('ALTER TABLE %1$s DROP CONSTRAINT %2$I;'
           ' ALTER TABLE %1$s ADD CONSTRAINT %2$I CHECK ({condition})',
           r.name, k.conname),
    pg_get_expr(k.conbin, k.conrelid)
FROM pg_catalog.pg_constraint AS k
JOIN relations AS r ON r.oid = k.conrelid
WHERE k.contype = 'c'
  AND k.conislocal
UNION ALL
SELECT
    'domain',
    format('%I.%I.%I', n.nspname, t.typname, k.conname),
    'drop',
    format('ALTER DOMAIN %1$I.%2$I DROP CONSTRAINT %3$I;'
           ' ALTER DOMAIN %1$I.%2$I ADD CONSTRAINT %3$I CHECK ({condition})',
           n.nspname, t.typname, k.conname),
    pg_get_expr(k.conbin, 0)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE k.contype = 'c'
  AND n.nspname IN ('public', 'private', 'master')
UNION ALL
SELECT
    'domain',
    format('%I.%I', n.nspname, t.typname),
    'null',
    format('ALTER DOMAIN %I.%I DROP NOT NULL', n.nspname, t.typname),
    NULL
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typnotnull
  AND n.nspname IN ('public', 'private', 'master')
UNION ALL
-- A key takes along the foreign keys that refer to it.
SELECT
    CASE k.contype WHEN 'f' THEN 'foreign key' ELSE 'key' END,
    r.name || '.' || k.conname,
    'drop',
    format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', r.name, k.conname),
    NULL
FROM pg_catalog.pg_constraint AS k
JOIN relations AS r ON r.oid = k.conrelid
WHERE k.contype IN ('p', 'u', 'x', 'f')
  AND k.conparentid = 0
UNION ALL
SELECT
    'foreign key',
    r.name || '.' || k.conname,
    'cascade',
    format('ALTER TABLE %1$s DROP CONSTRAINT %2$I; ALTER TABLE %1$s ADD CONSTRAINT %2$I %3$s',
           r.name, k.conname, replace(pg_get_constraintdef(k.oid), 'RESTRICT', 'CASCADE')),
    NULL
FROM pg_catalog.pg_constraint AS k
JOIN relations AS r ON r.oid = k.conrelid
WHERE k.contype = 'f'
  AND k.confdeltype = 'r'
UNION ALL
SELECT
    'key',
    r.name || '.' || x.relname,
    'drop',
    format('DROP INDEX %I.%I', r.schema, x.relname),
    NULL
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN relations AS r ON r.oid = i.indrelid
WHERE i.indisunique
  AND NOT r.relispartition
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid
  )
UNION ALL
SELECT
    'not null',
    format('%s.%I', r.name, a.attname),
    'null',
    format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', r.name, a.attname),
    NULL
FROM pg_catalog.pg_attribute AS a
JOIN relations AS r ON r.oid = a.attrelid
WHERE a.attnotnull
  -- What is generated is what its expression makes it.
  AND a.attgenerated = ''
  AND a.attnum > 0
  AND NOT r.relispartition
  AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_index AS i
      WHERE i.indrelid = a.attrelid
        AND i.indisprimary
        AND a.attnum = ANY (i.indkey)
  )
