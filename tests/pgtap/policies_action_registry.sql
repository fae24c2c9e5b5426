-- The actions are the same for everybody; only migrations write them.

BEGIN;
SELECT plan(11);

SELECT policies_are('private', 'action_registry', ARRAY['select_rpc'],
                    'action_registry has this policy');

SELECT is(
    tap.answer('pms_rpc', p.who, 'SELECT count(*) > 0 FROM private.action_registry AS a'), 'true',
    format('an RPC that %s calls reads them', coalesce(p.who, 'nobody')))
FROM (VALUES ('captain'), (NULL)) AS p (who);

SELECT tap.refuses('private.action_registry', 'pms_rpc', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('private.action_registry', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
