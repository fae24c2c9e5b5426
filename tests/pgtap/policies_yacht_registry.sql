-- People see the yachts on which they have a role.

BEGIN;
SELECT plan(28);
SELECT tap.fleet();

SELECT policies_are('public', 'yacht_registry', ARRAY['select_people'],
                    'yacht_registry has this policy');

SELECT tap.bounded('public.yacht_registry', 'yacht_id', 'authenticated');

SELECT tap.refuses('public.yacht_registry', 'pms_rpc', 'captain', ARRAY['SELECT']);
SELECT tap.refuses('public.yacht_registry', 'authenticated', 'manager',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.yacht_registry', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.yacht_registry', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
