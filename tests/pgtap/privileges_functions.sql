-- Each function by each role, tried: what is not in tap.granted_functions is refused. A function of
-- `private` is behind its schema as well, so the schema is opened: the right must be missing by itself.

BEGIN;
SELECT plan((
    SELECT 5 * count(*)
    FROM tap.our_functions AS f
    WHERE f.schema IN ('public', 'private', 'master')
)::integer);
GRANT USAGE ON SCHEMA private, master TO PUBLIC;

SELECT is(
    tap.outcome(r.role, 'captain', f.call) <> '42501 permission denied for function ' || f.proname,
    r.role = 'pms_rpc' AND f.is_of_rpc OR g.name IS NOT NULL,
    format('%s on %s', r.role, f.name))
FROM (
    SELECT
        f.name,
        f.schema,
        f.proname,
        f.proowner = 'pms_rpc'::regrole AS is_of_rpc,
        format('SELECT %I.%I(%s)', f.schema, f.proname, (
            SELECT string_agg(
                CASE WHEN p.provariadic <> 0 AND a.place = p.pronargs THEN 'VARIADIC ' ELSE '' END
                || 'NULL::' || a.type::regtype, ', ' ORDER BY a.place)
            FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)
        )) AS call
    FROM tap.our_functions AS f
    JOIN pg_catalog.pg_proc AS p USING (oid)
    WHERE f.schema IN ('public', 'private', 'master')
) AS f
CROSS JOIN unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator', 'pms_rpc'])
    AS r (role)
LEFT JOIN tap.granted_functions AS g
    ON g.grantee = r.role
   AND g.name = f.schema || '.' || f.proname
ORDER BY f.name, r.role;

SELECT * FROM finish();
ROLLBACK;
