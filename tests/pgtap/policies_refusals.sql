-- The words of a refusal are the same for everybody; only migrations write them.

BEGIN;
SELECT plan(11);

SELECT policies_are('private', 'refusals', ARRAY['select_rpc'], 'refusals has this policy');

SELECT is(
    tap.answer('pms_rpc', p.who, 'SELECT count(*) > 0 FROM private.refusals AS r'), 'true',
    format('an RPC that %s calls reads them', coalesce(p.who, 'nobody')))
FROM (VALUES ('captain'), (NULL)) AS p (who);

SELECT tap.refuses('private.refusals', 'pms_rpc', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('private.refusals', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
