-- A function that runs with the rights of its owner: it needs them, and the policies bind that
-- owner. Each is tried without a policy that it depends on: who passed row security would not notice.

BEGIN;
SELECT plan((SELECT 17 + 2 * count(*) + (SELECT count(*) FROM tap.service_api) FROM tap.person_api AS a)::integer);
SELECT tap.fleet();
INSERT INTO master.tenants (tenant_key_alias, name) VALUES ('FLEET', 'Fleet');
INSERT INTO master.user_accounts (user_id, tenant_key_alias) VALUES (tap.id('crew'), 'FLEET');

CREATE FUNCTION pg_temp.helpers(p_role text)
    RETURNS TABLE (helper text, answer text)
    LANGUAGE sql
AS $function$
    SELECT h.helper, tap.answer(p_role, h.who, format(
               'SELECT private.%I(tap.id(%L), tap.id(%L)%s)', h.helper, h.who, 'yacht', h.more))
    FROM (VALUES
        ('has_yacht_role', 'captain', $$, ARRAY['captain']$$),
        ('is_operational_crew', 'captain', ''),
        ('is_hod', 'purser', ''),
        ('is_manager', 'manager', '')
    ) AS h (helper, who, more)
$function$;

-- Who were let in would need no right on a table.
GRANT USAGE ON SCHEMA private TO anon;
GRANT EXECUTE ON FUNCTION private.has_yacht_role(uuid, uuid, text[]) TO anon;
SELECT is(
    tap.outcome('anon', NULL, format(
        'SELECT private.has_yacht_role(%L, %L, %L)', tap.id('captain'), tap.id('yacht'), '{captain}')),
    'ok', 'has_yacht_role reads the roles with the rights of its owner');
REVOKE EXECUTE ON FUNCTION private.has_yacht_role(uuid, uuid, text[]) FROM anon;
GRANT EXECUTE ON FUNCTION private.is_operational_crew(uuid, uuid), private.is_hod(uuid, uuid),
                          private.is_manager(uuid, uuid)
    TO anon;
SELECT is(
    tap.outcome('anon', NULL, format(
        'SELECT private.%I(%L, %L)', h.helper, tap.id('captain'), tap.id('yacht'))),
    'ok', format('%s asks with the rights of its owner', h.helper))
FROM unnest(ARRAY['is_operational_crew', 'is_hod', 'is_manager']) AS h (helper);
GRANT INSERT ON public.pms_parts TO service_role;
GRANT EXECUTE ON FUNCTION private.units() TO service_role;
CREATE POLICY insert_service ON public.pms_parts FOR INSERT TO service_role WITH CHECK (true);
SELECT is(
    tap.outcome('service_role', NULL, format(
        'INSERT INTO public.pms_parts (yacht_id, part_id, part_number, name) VALUES (%L, %L, %L, %L)',
        tap.id('yacht'), tap.id('impeller'), 'N-1', 'Impeller')),
    'ok', 'index_part_words writes with the rights of its owner');
SELECT is(
    tap.outcome('master_resolver', NULL, format('SELECT master.resolve_tenant(%L)', tap.id('crew'))),
    'ok', 'resolve_tenant reads with the rights of its owner');

SELECT is(
    tap.outcome('authenticated', 'captain', 'SELECT p.part_id FROM public.pms_parts AS p'),
    'ok', 'my_yachts reads the roles with the rights of its owner');
SELECT is(
    tap.outcome('authenticated', 'captain', format(
        'SELECT public.%I(p_yacht_id => %L)', a.name, tap.id('yacht'))),
    'ok', format('%s runs with the rights of its owner', a.name))
FROM tap.person_api AS a
ORDER BY a.name;
SELECT is(
    tap.outcome('service_role', NULL, format('SELECT public.%I()', s.name)), 'ok',
    format('%s runs with the rights of its owner', s.name))
FROM tap.service_api AS s
ORDER BY s.name;
SELECT isnt(
    tap.answer('pms_rpc', NULL, 'SELECT k.key FROM private.totp_key() AS k'), NULL,
    'totp_key reads the key with the rights of its owner');

SELECT is(
    tap.answer('authenticated', 'captain', 'SELECT count(*) FROM public.pms_parts AS p'), '3',
    'my_yachts answers with its policies');
SELECT is_empty(
    $$SELECT h.helper FROM pg_temp.helpers('none') AS h WHERE h.answer <> 'true'$$,
    'so do the helpers');

DROP POLICY insert_rpc ON private.part_search;
SELECT is(
    tap.outcome('superuser', NULL, format(
        'INSERT INTO public.pms_parts (yacht_id, part_number, name) VALUES (%L, %L, %L)',
        tap.id('yacht'), 'N-1', 'Impeller')),
    '42501 new row violates row-level security policy for table "part_search"',
    'index_part_words is bound by the policies of part_search');
DROP POLICY select_rpc ON master.tenants;
SELECT is(
    master.resolve_tenant(tap.id('crew')), NULL::jsonb,
    'resolve_tenant is bound by the policies of master.tenants');
-- Without the table of actions there is none that a role may run.
DROP POLICY select_rpc ON private.action_registry;
SELECT is(
    tap.answer('authenticated', 'captain', format(
        'SELECT public.%I(p_yacht_id => %L) ->> %L', a.name, tap.id('yacht'), 'code')),
    'not_on_yacht',
    format('%s is bound by the policies of action_registry', a.name))
FROM tap.person_api AS a
ORDER BY a.name;
DROP POLICY select_rpc ON public.auth_users_roles;
SELECT is(
    h.answer, 'false', format('%s is bound by the policies of auth_users_roles', h.helper))
FROM pg_temp.helpers('none') AS h;
SELECT is(
    tap.answer('authenticated', 'captain', 'SELECT count(*) FROM public.pms_parts AS p'), '0',
    'my_yachts is bound by the policies of auth_users_roles');

SELECT * FROM finish();
ROLLBACK;
