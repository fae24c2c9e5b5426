-- Schemas, database and types: what no role of the API may do with them, tried.

BEGIN;
SELECT plan(28 + (SELECT 5 * count(*) FROM tap.our_types)::integer);

SELECT is(
    tap.outcome(r.role, NULL, s.statement),
    '42501 permission denied for schema ' || s.schema,
    format('%s may not use %s', r.role, s.schema))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator']) AS r (role)
CROSS JOIN (VALUES
    ('private', 'SELECT FROM private.refusals'),
    ('master', 'SELECT FROM master.tenants')
) AS s (schema, statement);
-- The right to create is another one than the right to use.
GRANT USAGE ON SCHEMA private, master TO PUBLIC;
SELECT is(
    tap.outcome(r.role, NULL, format('CREATE TABLE %I.mine ()', s.schema)),
    '42501 permission denied for schema ' || s.schema,
    format('%s may create nothing in %s', r.role, s.schema))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator']) AS r (role)
CROSS JOIN unnest(ARRAY['public', 'private', 'master']) AS s (schema);

SELECT alike(
    tap.outcome(r.role, NULL, 'CREATE TEMPORARY TABLE mine ()'), '42501 permission denied %',
    format('%s may make no temporary object', r.role))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator']) AS r (role);
-- Nobody logs in within a transaction: this can only be asked for.
SELECT is(
    has_database_privilege(r.role, current_database(), 'CONNECT'), r.role = 'authenticator',
    format('%s may %s', r.role, CASE r.role WHEN 'authenticator' THEN 'connect' ELSE 'not connect' END))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator']) AS r (role);
-- And this: what takes a type needs rights that nobody has.
SELECT is(
    has_type_privilege(r.role, t.oid, 'USAGE'), r.role = 'pms_rpc',
    format('%s on type %s', r.role, t.name))
FROM tap.our_types AS t
CROSS JOIN unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator', 'pms_rpc'])
    AS r (role);

SELECT * FROM finish();
ROLLBACK;
