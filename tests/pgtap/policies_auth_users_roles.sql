-- People see the roles on their yachts; RPCs see all, since every policy of theirs reads this
-- table.

BEGIN;
SELECT plan(34);
SELECT tap.fleet();

SELECT policies_are('public', 'auth_users_roles', ARRAY['select_people', 'select_rpc'],
                    'auth_users_roles has these policies');

SELECT tap.bounded('public.auth_users_roles', 'user_id', 'authenticated');
SELECT is(
    tap.answer('pms_rpc', p.who, 'SELECT count(*) FROM public.auth_users_roles AS r'), '15',
    format('an RPC that %s calls sees all roles', p.who))
FROM (VALUES ('crew'), ('nobody')) AS p (who);

SELECT throws_ok(
    format('INSERT INTO public.auth_users_roles (user_id, yacht_id, role, valid_from, valid_until)
            VALUES (%L, %L, %L, %L, %L)',
           tap.id('x'), tap.id(v.yacht), v.role, '2026-01-01', v.until),
    v.code, v.message, v.description)
FROM (VALUES
    ('yacht', 'owner', NULL, '23514',
     'new row for relation "auth_users_roles" violates check constraint "role_is_known"',
     'a role that is none of the eleven is refused'),
    ('yacht', 'crew', '2026-01-01', '23514',
     'new row for relation "auth_users_roles" violates check constraint "role_ends_after_it_begins"',
     'a role that ends when it begins is refused'),
    ('no yacht', 'crew', NULL, '23503',
     'insert or update on table "auth_users_roles" violates foreign key constraint "role_is_on_a_yacht"',
     'a role on a yacht that is not there is refused')
) AS v (yacht, role, until, code, message, description);

SELECT tap.refuses('public.auth_users_roles', 'pms_rpc', 'captain', ARRAY['INSERT', 'UPDATE']);
SELECT tap.refuses('public.auth_users_roles', 'authenticated', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.auth_users_roles', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.auth_users_roles', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
