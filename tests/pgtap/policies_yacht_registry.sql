-- People see the yachts on which they have a role.

BEGIN;
SELECT plan(28);
SELECT tap.fleet();

SELECT policies_are('public', 'yacht_registry', ARRAY['select_people', 'select_service'],
                    'yacht_registry has these policies');

SELECT tap.bounded('public.yacht_registry', 'yacht_id', 'authenticated');

SELECT is(
    tap.answer('pms_rpc', 'captain', 'SELECT count(*) FROM public.yacht_registry'), '0',
    'an RPC of a person sees no yacht');
SELECT tap.refuses('public.yacht_registry', 'authenticated', 'manager',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.yacht_registry', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.yacht_registry', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
