-- The house rules of the catalogue. Each is a view of its offenders, so that 000_rules.sql can
-- ask for none and test_rules_can_fail.py can break it and see the offender listed.

CREATE VIEW tap.our_relations AS
SELECT
    c.oid,
    format('%I.%I', n.nspname, c.relname) AS name,
    n.nspname AS schema,
    c.relname,
    c.relkind,
    c.relispartition,
    c.relowner,
    c.relrowsecurity,
    c.relforcerowsecurity,
    c.reloptions
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'private', 'master')
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S');

CREATE VIEW tap.our_tables AS
SELECT
    r.oid,
    r.name,
    r.schema,
    r.relname,
    r.relispartition,
    r.relowner,
    r.relrowsecurity,
    r.relforcerowsecurity,
    -- In `master` a yacht belongs to a tenant, not a row to a yacht.
    r.schema <> 'master' AND EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = r.oid
          AND a.attname = 'yacht_id'
          AND NOT a.attisdropped
    ) AS is_yacht_owned
FROM tap.our_relations AS r
WHERE r.relkind IN ('r', 'p');

CREATE VIEW tap.our_functions AS
SELECT
    p.oid,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS name,
    n.nspname AS schema,
    p.proname,
    p.prosecdef,
    p.proowner,
    p.proconfig,
    p.prokind,
    p.prorettype,
    l.lanname AS language,
    p.pronargs,
    p.pronargdefaults,
    p.proargnames,
    p.proargmodes
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE n.nspname IN ('public', 'private', 'master')
   -- What stands in for Supabase's; on Supabase these are not ours.
   OR (n.nspname IN ('auth', 'storage')
       AND obj_description(n.oid, 'pg_namespace') LIKE 'Part Lens:%');

CREATE VIEW tap.our_types AS
SELECT t.oid, format('%I.%I', n.nspname, t.typname) AS name
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
WHERE n.nspname IN ('public', 'private', 'master')
  AND (t.typtype IN ('d', 'e') OR c.relkind = 'c');

-- Who may what, the owners' own rights left out.
CREATE VIEW tap.our_grants AS
SELECT
    o.kind,
    o.name,
    coalesce(r.rolname, 'PUBLIC') AS grantee,
    a.privilege_type AS privilege
FROM (
    SELECT 'relation' AS kind, ours.name, t.relowner AS owner,
           coalesce(t.relacl, acldefault('r', t.relowner)) AS acl
    FROM pg_catalog.pg_class AS t
    JOIN tap.our_relations AS ours USING (oid)
    UNION ALL
    SELECT 'column', format('%s.%I', ours.name, c.attname), ours.relowner, c.attacl
    FROM pg_catalog.pg_attribute AS c
    JOIN tap.our_relations AS ours ON ours.oid = c.attrelid
    WHERE c.attacl IS NOT NULL
    UNION ALL
    SELECT 'function', ours.name, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_catalog.pg_proc AS p
    JOIN tap.our_functions AS ours USING (oid)
    WHERE ours.schema NOT IN ('auth', 'storage')
    UNION ALL
    SELECT 'schema', n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname IN ('public', 'private', 'master')
) AS o
CROSS JOIN LATERAL aclexplode(o.acl) AS a
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
WHERE a.grantee <> o.owner;

-- Row security on every table, partitions too: they can be named in a query.
CREATE VIEW tap.rule_row_security AS
SELECT t.name AS offender
FROM tap.our_tables AS t
WHERE NOT (t.relrowsecurity AND t.relforcerowsecurity);

-- auth.* is excepted: with a SET clause those three would not be inlined into policies.
CREATE VIEW tap.rule_search_path AS
SELECT f.name AS offender
FROM tap.our_functions AS f
WHERE NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false)
  AND f.schema <> 'auth';

CREATE VIEW tap.rule_definer_closed AS
SELECT f.name AS offender
FROM tap.our_functions AS f
WHERE f.prosecdef
  -- What PUBLIC has, anon has.
  AND has_function_privilege('anon', f.oid, 'EXECUTE');

CREATE VIEW tap.rule_definer_owner AS
SELECT f.name AS offender
FROM tap.our_functions AS f
WHERE f.prosecdef
  AND f.proowner <> to_regrole(
      -- The one function that may read the key's file.
      CASE f.name WHEN 'private.totp_key(text)' THEN 'pms_keyholder' ELSE 'pms_rpc' END);

CREATE VIEW tap.rule_relation_owner AS
SELECT r.name AS offender
FROM tap.our_relations AS r
WHERE r.relowner <> to_regrole('pms_owner');

CREATE VIEW tap.rule_roles AS
SELECT r.rolname::text AS offender
FROM pg_catalog.pg_roles AS r
WHERE (r.rolname IN ('pms_owner', 'pms_rpc', 'pms_keyholder', 'anon', 'authenticated',
                     'service_role')
       AND (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication))
   OR (r.rolname IN ('pms_owner', 'pms_rpc', 'pms_keyholder', 'anon', 'authenticated',
                     'authenticator', 'master_resolver')
       AND r.rolbypassrls)
   OR (r.rolname IN ('authenticator', 'master_resolver')
       AND (r.rolinherit OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb))
UNION ALL
-- Whoever is a member may be it.
SELECT format('%s is a member of %s', m.member::regrole, m.roleid::regrole)
FROM pg_catalog.pg_auth_members AS m
WHERE m.roleid IN (to_regrole('pms_owner'), to_regrole('pms_rpc'), to_regrole('pms_keyholder'))
  AND m.member IN (to_regrole('pms_owner'), to_regrole('pms_rpc'), to_regrole('pms_keyholder'),
                   to_regrole('anon'),
                   to_regrole('authenticated'), to_regrole('service_role'),
                   to_regrole('authenticator'), to_regrole('master_resolver'));

-- What a service may call, and no person.
CREATE VIEW tap.service_api AS
SELECT s.name
FROM unnest(ARRAY[
    'canary_state', 'evaluate_canary', 'reconcile', 'release_readiness', 'report_canary_window',
    'set_canary', 'signature_compliance']) AS s (name);

-- The API: these, and nothing else of any kind.
CREATE VIEW tap.api AS
SELECT 'table' AS kind, a.name
FROM unnest(ARRAY[
    'auth_users_roles', 'feature_flags', 'pms_audit_log', 'pms_inventory_stock',
    'pms_inventory_transactions', 'pms_part_locations', 'pms_part_usage', 'pms_parts', 'pms_shopping_list_items',
    'yacht_registry']) AS a (name)
UNION ALL
SELECT 'view', a.name
FROM unnest(ARRAY[
    'pms_part_stock', 'pms_stock_by_location', 'v_stock_from_transactions']) AS a (name)
UNION ALL
SELECT 'function', a.name
FROM unnest(ARRAY[
    'action_list', 'adjust_stock_quantities', 'adjust_stock_quantity', 'approve_shopping_item',
    'confirm_signature', 'consume_part', 'create_location', 'create_part', 'deactivate_location',
    'deactivate_part', 'enroll_signature', 'import_parts', 'issue_enrolment_code',
    'low_stock_parts', 'on_hand_as_of', 'order_shopping_item', 'part_suggestions',
    'reactivate_location', 'reactivate_part', 'receive_part', 'receive_shopping_item',
    'reject_shopping_item', 'request_part', 'reverse_transaction', 'search_parts',
    'stock_history', 'transfer_part', 'update_location', 'update_part', 'view_part_details',
    'write_off_part']) AS a (name)
UNION ALL
SELECT 'function', s.name
FROM tap.service_api AS s;

-- What a person may call.
CREATE VIEW tap.person_api AS
SELECT a.name
FROM tap.api AS a
WHERE a.kind = 'function'
  AND a.name NOT IN (SELECT s.name FROM tap.service_api AS s);

CREATE VIEW tap.rule_api AS
WITH found (kind, name) AS (
    SELECT
        CASE
            WHEN r.relkind IN ('r', 'p') THEN 'table'
            WHEN r.relkind = 'v' THEN 'view'
            ELSE 'relation of kind ' || r.relkind::text
        END,
        r.relname::text
    FROM tap.our_relations AS r
    WHERE r.schema = 'public'
    UNION ALL
    SELECT DISTINCT CASE f.prokind WHEN 'f' THEN 'function' ELSE 'routine' END, f.proname::text
    FROM tap.our_functions AS f
    WHERE f.schema = 'public'
    UNION ALL
    SELECT 'type', t.typname::text
    FROM pg_catalog.pg_type AS t
    WHERE t.typnamespace = 'public'::regnamespace
      AND t.typrelid = 0
      AND t.typcategory <> 'A'
    UNION ALL
    SELECT 'operator', o.oprname::text
    FROM pg_catalog.pg_operator AS o
    WHERE o.oprnamespace = 'public'::regnamespace
)
SELECT format('missing: %s %s', a.kind, a.name) AS offender
FROM (SELECT kind, name FROM tap.api EXCEPT SELECT kind, name FROM found) AS a
UNION ALL
SELECT format('not in the API: %s %s', f.kind, f.name)
FROM (SELECT kind, name FROM found EXCEPT SELECT kind, name FROM tap.api) AS f;

-- PostgREST answers 300 where two functions match.
CREATE VIEW tap.rule_no_overload AS
SELECT f.schema || '.' || f.proname AS offender
FROM tap.our_functions AS f
WHERE f.schema = 'public'
GROUP BY f.schema, f.proname
HAVING count(*) > 1;

CREATE VIEW tap.rule_parameters AS
SELECT f.name || ': ' || w.what AS offender
FROM tap.our_functions AS f
CROSS JOIN LATERAL (
    SELECT 'a parameter has no name' AS what
    WHERE f.pronargs > 0
      AND (f.proargnames IS NULL OR '' = ANY (f.proargnames[1 : f.pronargs]))
    UNION ALL
    SELECT 'PostgREST takes ' || x || ' for its own'
    FROM unnest(f.proargnames) AS x
    WHERE x IN ('select', 'order', 'limit', 'offset', 'and', 'or', 'columns', 'on_conflict')
    UNION ALL
    SELECT 'the first parameter is not p_yacht_id'
    WHERE f.proargnames[1] IS DISTINCT FROM 'p_yacht_id'
      -- A service looks after all yachts.
      AND f.proname NOT IN (SELECT s.name FROM tap.service_api AS s)
    UNION ALL
    -- Without a default PostgREST answers 404 before the function could refuse.
    SELECT 'a parameter after p_yacht_id has no default'
    WHERE f.pronargs - f.pronargdefaults
        <> CASE WHEN f.proname IN (SELECT s.name FROM tap.service_api AS s) THEN 0 ELSE 1 END
) AS w
WHERE f.schema = 'public';

CREATE VIEW tap.rule_security_invoker AS
SELECT r.name AS offender
FROM tap.our_relations AS r
WHERE r.relkind IN ('v', 'm')
  AND NOT coalesce('security_invoker=true' = ANY (r.reloptions), false);

CREATE VIEW tap.our_foreign_keys AS
SELECT
    k.oid,
    child.name || ': ' || k.conname AS name,
    k.conrelid,
    k.confrelid,
    k.conkey,
    k.confkey,
    k.confdeltype,
    child.is_yacht_owned
FROM pg_catalog.pg_constraint AS k
JOIN tap.our_tables AS child ON child.oid = k.conrelid
WHERE k.contype = 'f';

-- An index that begins with the columns of the key; or a unique one over some of them, which
-- leaves the check of the key one row to look at. It may leave out rows whose key is NULL.
CREATE VIEW tap.rule_foreign_key_index AS
SELECT k.name AS offender
FROM tap.our_foreign_keys AS k
WHERE NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_index AS i
    CROSS JOIN LATERAL (
        SELECT (i.indkey::smallint[])[0 : i.indnkeyatts - 1] AS columns
    ) AS x
    WHERE i.indrelid = k.conrelid
      AND i.indisvalid
      AND (i.indpred IS NULL
           OR EXISTS (
               SELECT
               FROM unnest(k.conkey) AS c (attnum)
               JOIN pg_catalog.pg_attribute AS a
                 ON a.attrelid = k.conrelid
                AND a.attnum = c.attnum
               WHERE pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)))
      AND (k.conkey <@ x.columns[1 : cardinality(k.conkey)]
           OR (i.indisunique AND x.columns <@ k.conkey))
);

CREATE VIEW tap.rule_foreign_key_yacht AS
SELECT k.name AS offender
FROM tap.our_foreign_keys AS k
WHERE k.is_yacht_owned
  AND NOT EXISTS (
      SELECT
      FROM unnest(k.conkey, k.confkey) AS c (child, parent)
      JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = k.conrelid
       AND a.attnum = c.child
      JOIN pg_catalog.pg_attribute AS b
        ON b.attrelid = k.confrelid
       AND b.attnum = c.parent
      WHERE a.attname = 'yacht_id'
        AND b.attname = 'yacht_id'
  );

-- NO ACTION is what a key has that does not say ON DELETE.
CREATE VIEW tap.rule_foreign_key_on_delete AS
SELECT k.name AS offender
FROM tap.our_foreign_keys AS k
WHERE k.confdeltype = 'a';

CREATE VIEW tap.rule_key_yacht AS
SELECT t.name || ': ' || x.relname AS offender
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN tap.our_tables AS t ON t.oid = i.indrelid
WHERE i.indisunique
  AND t.is_yacht_owned
  AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = i.indrelid
        AND a.attname = 'yacht_id'
        AND a.attnum = ANY ((i.indkey::smallint[])[0 : i.indnkeyatts - 1])
  )
  -- A code that was used on one yacht is used up on every other.
  AND (t.name, x.relname) <> ('private.signatures', 'code_counts_once');

CREATE VIEW tap.rule_primary_key AS
SELECT t.name AS offender
FROM tap.our_tables AS t
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = t.oid AND i.indisprimary
);

-- A partition says nothing that its parent does not.
CREATE VIEW tap.rule_comment AS
SELECT r.name AS offender
FROM tap.our_relations AS r
WHERE NOT r.relispartition
  AND coalesce(obj_description(r.oid, 'pg_class'), '') = ''
UNION ALL
SELECT f.name
FROM tap.our_functions AS f
WHERE f.schema <> 'storage'
  AND coalesce(obj_description(f.oid, 'pg_proc'), '') = ''
UNION ALL
SELECT 'schema ' || n.nspname
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname IN ('private', 'master')
  AND coalesce(obj_description(n.oid, 'pg_namespace'), '') = '';

CREATE VIEW tap.rule_only_rpc_writes AS
SELECT format('%s may %s %s', g.grantee, g.privilege, g.name) AS offender
FROM tap.our_grants AS g
WHERE g.kind IN ('relation', 'column')
  AND (g.privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
       OR g.grantee NOT IN ('authenticated', 'pms_rpc')
       OR (g.grantee = 'authenticated' AND g.privilege <> 'SELECT'));

-- anon: nothing at all; service_role: its RPCs, and to let a first captain enrol. What PUBLIC has, they
-- have.
CREATE VIEW tap.rule_api_roles AS
SELECT format('%s may %s %s', g.grantee, g.privilege, g.name) AS offender
FROM tap.our_grants AS g
WHERE g.grantee IN ('PUBLIC', 'anon', 'service_role')
  -- PostgREST looks for functions there, and answers 401 rather than 404 to who has no token.
  AND NOT (g.kind = 'schema' AND g.name = 'public' AND g.privilege = 'USAGE')
  AND NOT (g.grantee = 'service_role' AND g.name LIKE 'public.issue\_enrolment\_code(%')
  AND NOT (g.grantee = 'service_role' AND g.kind = 'function' AND EXISTS (
      SELECT FROM tap.service_api AS s WHERE g.name LIKE format('public.%s(%%', s.name)));

CREATE VIEW tap.rule_schema AS
SELECT format('%s may %s %s', r.role, s.privilege, s.schema) AS offender
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator']) AS r (role)
CROSS JOIN (VALUES ('private', 'USAGE'), ('private', 'CREATE'), ('master', 'USAGE'),
                   ('master', 'CREATE'), ('public', 'CREATE')) AS s (schema, privilege)
WHERE has_schema_privilege(r.role, s.schema, s.privilege);

-- A temporary domain is found before ours; see the search_path of every function.
CREATE VIEW tap.rule_database AS
SELECT format('PUBLIC may %s', a.privilege_type) AS offender
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
WHERE d.datname = current_database()
  AND a.grantee = 0;

-- An ordinary trigger does not fire under session_replication_role = replica.
CREATE VIEW tap.rule_trigger_always AS
SELECT t.name || ': ' || g.tgname AS offender
FROM pg_catalog.pg_trigger AS g
JOIN tap.our_tables AS t ON t.oid = g.tgrelid
WHERE NOT g.tgisinternal
  AND g.tgenabled <> 'A';

CREATE VIEW tap.append_only_tables AS
SELECT t.oid, t.name
FROM tap.our_tables AS t
WHERE t.name IN ('public.pms_audit_log', 'public.pms_inventory_transactions',
                 'public.pms_part_usage')
   OR t.relispartition;

-- pg_trigger.tgtype: 1 row, 2 before, 8 delete, 16 update, 32 truncate.
CREATE VIEW tap.rule_append_only AS
SELECT t.name AS offender
FROM tap.append_only_tables AS t
WHERE NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = t.oid
      AND g.tgfoid = 'private.refuse_change'::regproc
      AND g.tgtype & 59 = 58
      AND g.tgenabled = 'A'
      AND g.tgqual IS NULL
);

CREATE VIEW tap.rule_trigger_name AS
SELECT t.name || ': ' || g.tgname AS offender
FROM pg_catalog.pg_trigger AS g
JOIN tap.our_tables AS t ON t.oid = g.tgrelid
WHERE NOT g.tgisinternal
  AND g.tgname !~ '^t[0-9]{2}_[a-z_]+$';

CREATE VIEW tap.rule_policy_name AS
SELECT t.name || ': ' || p.polname AS offender
FROM pg_catalog.pg_policy AS p
JOIN tap.our_tables AS t ON t.oid = p.polrelid
WHERE split_part(p.polname, '_', 1) IS DISTINCT FROM CASE p.polcmd
          WHEN 'r' THEN 'select'
          WHEN 'a' THEN 'insert'
          WHEN 'w' THEN 'update'
          WHEN 'd' THEN 'delete'
      END
   OR p.polroles = '{0}'::oid[];

CREATE VIEW tap.rule_column_type AS
SELECT format('%s.%I is %s', t.name, a.attname, format_type(a.atttypid, a.atttypmod)) AS offender
FROM pg_catalog.pg_attribute AS a
JOIN tap.our_tables AS t ON t.oid = a.attrelid
WHERE a.attnum > 0
  AND NOT a.attisdropped
  AND (a.atttypid IN ('character varying'::regtype, 'character'::regtype, 'json'::regtype,
                      'timestamp without time zone'::regtype,
                      'time with time zone'::regtype, 'money'::regtype)
       OR pg_get_serial_sequence(t.name, a.attname) IS NOT NULL
          AND a.attidentity = '');
