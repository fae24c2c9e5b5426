-- Who may do what: the whole list. What is not here is not granted.

BEGIN;
SELECT plan(7);

SELECT isnt_empty('SELECT g.name FROM tap.our_grants AS g', 'something is granted');

SELECT set_eq(
    $$SELECT g.name, string_agg(g.privilege, ' ' ORDER BY g.privilege)
      FROM tap.our_grants AS g
      WHERE g.kind = 'relation' AND g.grantee = 'authenticated'
      GROUP BY g.name$$,
    $$VALUES ('public.auth_users_roles', 'SELECT'),
             ('public.feature_flags', 'SELECT'),
             ('public.pms_audit_log', 'SELECT'),
             ('public.pms_inventory_stock', 'SELECT'),
             ('public.pms_inventory_transactions', 'SELECT'),
             ('public.pms_part_locations', 'SELECT'),
             ('public.pms_part_stock', 'SELECT'),
             ('public.pms_part_usage', 'SELECT'),
             ('public.pms_parts', 'SELECT'),
             ('public.pms_shopping_list_items', 'SELECT'),
             ('public.pms_stock_by_location', 'SELECT'),
             ('public.v_stock_from_transactions', 'SELECT'),
             ('public.yacht_registry', 'SELECT')$$,
    'people may read the tables and views of the API');

SELECT set_eq(
    $$SELECT g.name, string_agg(g.privilege, ' ' ORDER BY g.privilege)
      FROM tap.our_grants AS g
      WHERE g.kind = 'relation' AND g.grantee = 'pms_rpc'
      GROUP BY g.name$$,
    $$VALUES ('master.tenants', 'SELECT'),
             ('master.user_accounts', 'SELECT'),
             ('master.yachts', 'SELECT'),
             ('private.action_registry', 'SELECT'),
             ('private.canary_criteria', 'SELECT'),
             ('private.canary_decisions', 'INSERT SELECT UPDATE'),
             ('private.canary_steps', 'SELECT'),
             ('private.canary_windows', 'INSERT SELECT'),
             ('private.denied_attempts', 'INSERT SELECT UPDATE'),
             ('private.my_roles', 'SELECT'),
             ('private.part_search', 'INSERT SELECT UPDATE'),
             ('private.reconciliations', 'INSERT SELECT'),
             ('private.refusals', 'SELECT'),
             ('private.request_keys', 'DELETE INSERT SELECT UPDATE'),
             ('private.signatures', 'INSERT SELECT'),
             ('private.signing_credentials', 'DELETE INSERT SELECT UPDATE'),
             ('private.signing_failures', 'INSERT SELECT'),
             ('private.enrolment_codes', 'DELETE INSERT SELECT'),
             ('public.auth_users_roles', 'SELECT'),
             ('public.feature_flags', 'SELECT UPDATE'),
             ('public.pms_audit_log', 'INSERT'),
             ('public.pms_inventory_stock', 'INSERT SELECT UPDATE'),
             ('public.pms_inventory_transactions', 'INSERT SELECT'),
             ('public.pms_part_locations', 'INSERT SELECT UPDATE'),
             ('public.pms_part_stock', 'SELECT'),
             ('public.pms_part_usage', 'INSERT SELECT'),
             ('public.pms_parts', 'INSERT SELECT UPDATE'),
             ('public.pms_shopping_list_items', 'INSERT SELECT UPDATE'),
             ('public.pms_stock_by_location', 'SELECT'),
             ('public.v_stock_from_transactions', 'SELECT')$$,
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
    $$SELECT 'public.' || a.name AS name, 'authenticated' AS grantee
      FROM tap.api AS a
      WHERE a.kind = 'function'
        AND a.name NOT IN (SELECT s.name FROM tap.service_api AS s)
      UNION ALL
      SELECT 'public.' || s.name, 'service_role'
      FROM tap.service_api AS s
      UNION ALL
      VALUES ('private.my_yachts', 'authenticated'),
             ('public.issue_enrolment_code', 'service_role'),
             ('private.totp_key', 'pms_rpc'),
             ('private.complete_movement', 'pms_owner'),
             ('private.index_part_words', 'pms_owner'),
             ('private.refuse_change', 'pms_owner'),
             ('private.units', 'pms_owner'),
             ('master.resolve_tenant', 'master_resolver')$$,
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
