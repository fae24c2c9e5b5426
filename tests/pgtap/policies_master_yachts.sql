-- master.yachts: read by master.resolve_tenant alone, written by the deployer.

BEGIN;
SELECT plan(13);

INSERT INTO master.tenants (tenant_key_alias, name) VALUES ('FLEET', 'Fleet');
INSERT INTO master.yachts (yacht_id, tenant_key_alias, name)
VALUES (tap.id('yacht'), 'FLEET', 'Yacht');
INSERT INTO master.user_accounts (user_id, tenant_key_alias) VALUES (tap.id('crew'), 'FLEET');

SELECT policies_are('master', 'yachts', ARRAY['select_rpc'],
                    'master.yachts has this policy');

SELECT is(
    tap.answer('pms_rpc', NULL, $$SELECT count(*) FROM master.yachts AS t
                                  WHERE t.tenant_key_alias = 'FLEET'$$),
    '1', 'resolve_tenant sees the rows of everybody');
SELECT lives_ok(
    $$SELECT tap.run_as('part_lens_deployer', NULL,
        'UPDATE master.yachts AS t SET tenant_key_alias = t.tenant_key_alias')$$,
    'the deployer may write');

SELECT tap.refuses('master.yachts', 'pms_rpc', NULL,
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('master.yachts', 'master_resolver', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('master.yachts', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema master')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
