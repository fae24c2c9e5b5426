-- The rights that there are, besides the owners' own: grants.sql compares the catalogue with them, and
-- privileges.sql tries everything else.

CREATE VIEW tap.granted AS
SELECT 'authenticated' AS grantee, a.name, 'SELECT' AS privileges
FROM unnest(ARRAY[
    'public.auth_users_roles', 'public.feature_flags', 'public.pms_audit_log',
    'public.pms_inventory_stock',
    'public.pms_inventory_transactions', 'public.pms_part_locations', 'public.pms_part_stock',
    'public.pms_part_usage', 'public.pms_parts', 'public.pms_shopping_list_items',
    'public.pms_stock_by_location', 'public.v_stock_from_transactions',
    'public.yacht_registry']) AS a (name)
UNION ALL
SELECT 'pms_rpc', r.name, r.privileges
FROM (VALUES
    ('master.tenants', 'SELECT'),
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
    ('private.part_words', 'INSERT SELECT'),
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
    ('public.v_stock_from_transactions', 'SELECT')
) AS r (name, privileges);

CREATE VIEW tap.granted_functions AS
SELECT 'authenticated' AS grantee, 'public.' || a.name AS name
FROM tap.person_api AS a
UNION ALL
SELECT 'service_role', 'public.' || s.name
FROM tap.service_api AS s
UNION ALL
SELECT f.grantee, f.name
FROM (VALUES
    ('authenticated', 'private.my_yachts'),
    ('service_role', 'public.issue_enrolment_code'),
    ('pms_rpc', 'private.totp_key'),
    ('pms_owner', 'private.complete_movement'),
    ('pms_owner', 'private.index_part_words'),
    ('pms_owner', 'private.refuse_change'),
    ('pms_owner', 'private.units'),
    ('master_resolver', 'master.resolve_tenant')
) AS f (grantee, name);
