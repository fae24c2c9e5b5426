-- What a plain server gets in place of Supabase: the caller's claims, storage, default privileges.

BEGIN;
SELECT plan(28);

SELECT has_role(r.name, format('the role %s is there', r.name))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator']) AS r (name);
SELECT set_eq(
    $$SELECT m.roleid::regrole::text
      FROM pg_catalog.pg_auth_members AS m
      WHERE m.member = 'authenticator'::regrole$$,
    ARRAY['anon', 'authenticated', 'service_role'],
    'the login of the servers may become the three API roles and nobody else');

-- A token without claims; one of a service; one of a person; the setting after a transaction.
SELECT results_eq(
    format($$SELECT set_config('request.jwt.claims', %L, true) = %L,
                    auth.jwt(), auth.uid(), auth.role()$$, c.claims, c.claims),
    format('VALUES (true, %L::jsonb, %L::uuid, %L::text)', c.jwt, c.uid, c.role),
    c.description)
FROM (VALUES
    ('', NULL, NULL, NULL, 'without claims there is no token, no person and no role'),
    ('{}', '{}', NULL, NULL, 'a token without claims has no person and no role'),
    ('{"role": "service_role"}', '{"role": "service_role"}', NULL, 'service_role',
     'a service has a role and no person'),
    ('{"sub": "0197a000-0000-7000-8000-000000000101", "role": "authenticated"}',
     '{"sub": "0197a000-0000-7000-8000-000000000101", "role": "authenticated"}',
     '0197a000-0000-7000-8000-000000000101', 'authenticated',
     'a person''s token has their id and their role')
) AS c (claims, jwt, uid, role, description);

SELECT is(
    tap.answer(r.role, 'crew', 'SELECT auth.uid()'),
    tap.id('crew')::text,
    format('%s may read the claims', r.role))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'pms_rpc']) AS r (role);

-- Inlined, unlike a function that sets anything: the policies depend on it.
SELECT unalike(
    tap.plan_of('SELECT r.role FROM public.auth_users_roles AS r WHERE r.user_id = auth.uid()'),
    '%uid()%',
    'auth.uid() is inlined into a query');

SELECT columns_are('storage', 'buckets', ARRAY[
    'id', 'name', 'owner', 'created_at', 'updated_at', 'public', 'avif_autodetection',
    'file_size_limit', 'allowed_mime_types', 'owner_id'],
    'storage.buckets has the columns of Supabase');
SELECT columns_are('storage', 'objects', ARRAY[
    'id', 'bucket_id', 'name', 'owner', 'created_at', 'updated_at', 'last_accessed_at', 'metadata',
    'path_tokens', 'version', 'owner_id', 'user_metadata'],
    'storage.objects has the columns of Supabase');
SELECT set_eq(
    $$SELECT c.relname::text, c.relrowsecurity
      FROM pg_catalog.pg_class AS c
      WHERE c.relnamespace = 'storage'::regnamespace
        AND c.relkind = 'r'$$,
    $$VALUES ('buckets', true), ('objects', true)$$,
    'storage has row security');
SELECT results_eq(
    $$SELECT storage.foldername(n.name), storage.filename(n.name), storage.extension(n.name)
      FROM unnest(ARRAY['yacht/photos/a.b.jpg', 'a.jpg']) AS n (name)$$,
    $$VALUES ('{yacht,photos}'::text[], 'a.b.jpg', 'jpg'),
             ('{}', 'a.jpg', 'jpg')$$,
    'the names of objects split as on Supabase');

-- Supabase's default privileges, so that a forgotten REVOKE shows.
SELECT tap.run_as('part_lens_deployer', NULL, 'CREATE TABLE public.forgotten ()');
SELECT tap.run_as('part_lens_deployer', NULL, 'CREATE SEQUENCE public.forgotten_seq');
SELECT tap.run_as('part_lens_deployer', NULL,
                  'CREATE FUNCTION public.forget() RETURNS void LANGUAGE sql AS $$ $$');
SELECT table_privs_are('public', 'forgotten', r.role, ARRAY[
    'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'],
    format('a table of which nothing is revoked is open to %s', r.role))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role);
SELECT function_privs_are('public', 'forget', '{}'::text[], r.role, ARRAY['EXECUTE'],
    format('a function of which nothing is revoked is open to %s', r.role))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role);
SELECT sequence_privs_are('public', 'forgotten_seq', r.role, ARRAY['SELECT', 'UPDATE', 'USAGE'],
    format('a sequence of which nothing is revoked is open to %s', r.role))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role);

-- Extensions are kept out of the API.
SELECT set_eq(
    $$SELECT e.extname::text, e.extnamespace::regnamespace::text
      FROM pg_catalog.pg_extension AS e
      WHERE e.extname NOT IN ('plpgsql', 'pgtap', 'plpgsql_check')$$,
    $$VALUES ('pgcrypto', 'extensions'), ('pg_trgm', 'extensions'), ('btree_gin', 'extensions')$$,
    'extensions live in a schema of their own');

SELECT * FROM finish();
ROLLBACK;
