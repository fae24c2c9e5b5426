-- Each command on each table by each role, tried: what is not in tap.granted is refused. A table of
-- `private` is behind its schema as well, so the schema is opened: the right must be missing by itself.

BEGIN;
SELECT plan((SELECT 5 * count(*) FROM tap.our_relations AS t WHERE t.relkind <> 'S')::integer);
GRANT USAGE ON SCHEMA private, master TO PUBLIC;
-- TRUNCATE … CASCADE names what it would take along.
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.commands(p_role text, p_name text, p_kind "char", p_column text)
    RETURNS text
    LANGUAGE sql
AS $function$
    SELECT string_agg(c.command, ' ' ORDER BY c.command)
    FROM (VALUES
        -- Some columns may be granted: grants.sql lists them.
        ('SELECT', 'SELECT * FROM %s'),
        ('INSERT', 'INSERT INTO %s DEFAULT VALUES'),
        ('UPDATE', 'UPDATE %s SET ' || p_column || ' = DEFAULT'),
        ('DELETE', 'DELETE FROM %s'),
        ('TRUNCATE', 'TRUNCATE %s CASCADE')
    ) AS c (command, statement)
    -- Views are read-only for everybody; views_read_only.sql tries that.
    WHERE (p_kind <> 'v' OR c.command = 'SELECT')
      AND tap.outcome(p_role, 'captain', format(c.statement, p_name)) <> format(
              '42501 permission denied for %s %s', CASE p_kind WHEN 'v' THEN 'view' ELSE 'table' END,
              split_part(p_name, '.', 2))
$function$;

SELECT is(
    pg_temp.commands(r.role, t.name, t.relkind, (
        SELECT quote_ident(a.attname)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = t.oid
          AND a.attnum = 1)),
    g.privileges,
    format('%s on %s: %s', r.role, t.name, coalesce(g.privileges, 'nothing')))
FROM tap.our_relations AS t
CROSS JOIN unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator', 'pms_rpc'])
    AS r (role)
LEFT JOIN tap.granted AS g
    ON g.grantee = r.role
   AND g.name = t.name
WHERE t.relkind <> 'S'
ORDER BY t.name, r.role;

SELECT * FROM finish();
ROLLBACK;
