BEGIN;
SELECT plan(18);

SELECT function_returns(
    'master', 'resolve_tenant', ARRAY['uuid'], 'jsonb', 'A tenant is one jsonb value');
SELECT is_definer(
    'master', 'resolve_tenant', ARRAY['uuid'], 'It runs with the rights of its owner');
SELECT function_owner_is(
    'master', 'resolve_tenant', ARRAY['uuid'], 'pms_rpc', 'It belongs to pms_rpc');
SELECT function_privs_are(
    'master', 'resolve_tenant', ARRAY['uuid'], r.role,
    CASE r.role WHEN 'master_resolver' THEN ARRAY['EXECUTE'] ELSE '{}' END,
    format('%s %s resolve a tenant', r.role,
           CASE r.role WHEN 'master_resolver' THEN 'may' ELSE 'may not' END))
FROM unnest(ARRAY['master_resolver', 'authenticator', 'anon', 'authenticated', 'service_role'])
    AS r (role);

INSERT INTO master.tenants (tenant_key_alias, name, is_active)
VALUES
    ('NORTH', 'North fleet', true), ('SOUTH', 'South fleet', true), ('PAST', 'Past fleet', false);
INSERT INTO master.yachts (yacht_id, tenant_key_alias, name)
VALUES
    (tap.id('n2'), 'NORTH', 'Wren'), (tap.id('n1'), 'NORTH', 'Auk'), (tap.id('p1'), 'PAST', 'Dodo');
INSERT INTO master.user_accounts (user_id, tenant_key_alias, is_active)
VALUES
    (tap.id('north'), 'NORTH', true), (tap.id('south'), 'SOUTH', true),
    (tap.id('left'), 'NORTH', false), (tap.id('past'), 'PAST', true),
    (tap.id('gone'), 'PAST', false);

SET LOCAL ROLE master_resolver;
SELECT is(
    master.resolve_tenant(tap.id('north')),
    jsonb_build_object(
        'tenant_key_alias', 'NORTH',
        'yachts', jsonb_build_array(
            jsonb_build_object('yacht_id', tap.id('n1'), 'name', 'Auk'),
            jsonb_build_object('yacht_id', tap.id('n2'), 'name', 'Wren'))),
    'A person has a tenant and its yachts, by name');
SELECT is(
    master.resolve_tenant(tap.id('south')),
    '{"tenant_key_alias": "SOUTH", "yachts": []}',
    'A tenant may have no yachts yet');
SELECT is(
    master.resolve_tenant(p.id),
    jsonb_build_object('tenant_key_alias', NULL, 'yachts', '[]'::jsonb) || p.more,
    format('No tenant: %s', p.what))
FROM (VALUES
    (tap.id('left'), '{"inactive": "account"}'::jsonb, 'an account that is inactive'),
    (tap.id('gone'), '{"inactive": "account"}', 'one that is, of a tenant that is'),
    (tap.id('past'), '{"inactive": "tenant"}', 'an account of an inactive tenant'),
    (tap.id('nobody'), NULL, 'somebody without an account'),
    (NULL, NULL, 'nobody')
) AS p (id, more, what);
SELECT throws_ok(
    'SELECT a.user_id FROM master.user_accounts AS a', '42501',
    'permission denied for table user_accounts',
    'The login of the look-up reads no table');
RESET ROLE;
SET LOCAL ROLE authenticated;
SELECT throws_ok(
    'SELECT master.resolve_tenant(tap.id(''north''))', '42501',
    'permission denied for schema master',
    'A person resolves no tenant, not even their own');
RESET ROLE;
SELECT throws_ok(
    $$INSERT INTO master.tenants (tenant_key_alias, name) VALUES ('north-2', 'North')$$, '23514',
    'new row for relation "tenants" violates check constraint "alias_is_an_upper_case_name"',
    'An alias can become part of the name of a variable');

SELECT * FROM finish();
ROLLBACK;
