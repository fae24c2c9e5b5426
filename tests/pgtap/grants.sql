-- Who may do what: the whole list stands in tap.granted and tap.granted_functions. What is not there is
-- not granted.

BEGIN;
SELECT plan(7);

SELECT isnt_empty('SELECT g.name FROM tap.our_grants AS g', 'something is granted');

SELECT set_eq(
    $$SELECT g.name, string_agg(g.privilege, ' ' ORDER BY g.privilege)
      FROM tap.our_grants AS g
      WHERE g.kind = 'relation' AND g.grantee = 'authenticated'
      GROUP BY g.name$$,
    $$SELECT g.name, g.privileges FROM tap.granted AS g WHERE g.grantee = 'authenticated'$$,
    'people may read the tables and views of the API');

SELECT set_eq(
    $$SELECT g.name, string_agg(g.privilege, ' ' ORDER BY g.privilege)
      FROM tap.our_grants AS g
      WHERE g.kind = 'relation' AND g.grantee = 'pms_rpc'
      GROUP BY g.name$$,
    $$SELECT g.name, g.privileges FROM tap.granted AS g WHERE g.grantee = 'pms_rpc'$$,
    'pms_rpc may write what RPCs write, and delete only keys, codes and old credentials');

SELECT set_eq(
    $$SELECT g.kind, g.grantee
      FROM tap.our_grants AS g
      WHERE g.kind IN ('relation', 'column')$$,
    $$VALUES ('relation', 'authenticated'),
             ('relation', 'pms_rpc'),
             ('column', 'pms_rpc')$$,
    'nobody else has a right on a table, a view or a column');

SELECT set_eq(
    $$SELECT g.name, g.privilege
      FROM tap.our_grants AS g
      WHERE g.kind = 'column' AND g.grantee = 'pms_rpc'$$,
    $$SELECT 'public.yacht_registry.' || c.name AS name, 'SELECT' AS privilege
      FROM unnest(ARRAY['yacht_id', 'name']) AS c (name)
      UNION ALL
      SELECT 'public.pms_audit_log.' || c.name, 'SELECT'
      FROM unnest(ARRAY['yacht_id', 'actor_id', 'action', 'outcome', 'signature']) AS c (name)$$,
    'of yachts and of the log pms_rpc reads what services count');

SELECT set_eq(
    $$SELECT split_part(g.name, '(', 1), g.grantee
      FROM tap.our_grants AS g
      WHERE g.kind = 'function'$$,
    'SELECT g.name, g.grantee FROM tap.granted_functions AS g',
    'people may execute the API, services theirs, master_resolver its one function');

SELECT set_eq(
    $$SELECT g.name, g.grantee, string_agg(g.privilege, ' ' ORDER BY g.privilege)
      FROM tap.our_grants AS g
      WHERE g.kind = 'schema'
        -- public belongs to the server's owner, who lets PUBLIC use it.
        AND g.grantee <> 'PUBLIC'
      GROUP BY g.name, g.grantee$$,
    $$VALUES ('public', 'anon', 'USAGE'),
             ('public', 'authenticated', 'USAGE'),
             ('public', 'service_role', 'USAGE'),
             ('public', 'pms_owner', 'CREATE USAGE'),
             ('public', 'pms_rpc', 'CREATE USAGE'),
             ('private', 'pms_rpc', 'CREATE USAGE'),
             ('master', 'pms_rpc', 'CREATE USAGE'),
             ('master', 'master_resolver', 'USAGE')$$,
    'only the owners may create, and only they may use private');

SELECT * FROM finish();
ROLLBACK;
