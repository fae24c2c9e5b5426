-- The objects of each bucket: who reads, adds, changes and deletes. A permission is tried as the storage
-- server tries it: as the caller, in a transaction that is undone.
BEGIN;
SELECT plan(139);
SELECT tap.fleet();

CREATE FUNCTION pg_temp.try(p_who text, p_role text, p_statement text)
    RETURNS text
    LANGUAGE plpgsql
AS $function$
DECLARE
    v_rows integer;
BEGIN
    PERFORM tap.act_as(p_who, p_role);
    BEGIN
        EXECUTE p_statement;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        RAISE EXCEPTION USING ERRCODE = 'PL999';
    EXCEPTION
        WHEN SQLSTATE 'PL999' THEN
            PERFORM tap.act_as_superuser();
            RETURN v_rows::text;
        WHEN OTHERS THEN
            PERFORM tap.act_as_superuser();
            RETURN SQLSTATE;
    END;
END
$function$;

SELECT results_eq(
    $$SELECT b.id, b.public, b.file_size_limit > 0, cardinality(b.allowed_mime_types) > 0
      FROM storage.buckets AS b
      ORDER BY b.id$$,
    $$VALUES ('pms-label-pdfs', false, true, true),
             ('pms-part-photos', false, true, true),
             ('pms-receiving-images', false, true, true)$$,
    'there are three buckets, private, with a size limit and a list of types');

INSERT INTO storage.objects (bucket_id, name)
SELECT b.id, tap.id(y.yacht) || '/a/1.png'
FROM storage.buckets AS b
CROSS JOIN (VALUES ('yacht'), ('other yacht')) AS y (yacht);

SELECT is(
    pg_temp.try(w.who, w.role, format(v.statement, b.id, tap.id('yacht'))),
    CASE
        WHEN w.role = 'anon' AND v.command = 'insert' THEN '42501'
        WHEN w.who = 'stranger' AND v.command IN ('insert') THEN '42501'
        WHEN w.role = 'anon' OR w.who = 'stranger' THEN '0'
        WHEN v.command IN ('select', 'insert') OR w.who = 'manager' THEN '1'
        ELSE '0'
    END,
    format('%s in %s by %s', v.command, b.id, coalesce(w.who, 'nobody')))
FROM storage.buckets AS b
CROSS JOIN (VALUES
    ('crew', 'authenticated'),
    ('chief_engineer', 'authenticated'),
    ('captain', 'authenticated'),
    ('manager', 'authenticated'),
    ('stranger', 'authenticated'),
    (NULL, 'anon')
) AS w (who, role)
CROSS JOIN (VALUES
    ('select', 'SELECT o.id FROM storage.objects AS o WHERE o.bucket_id = %L AND o.name = %L || ''/a/1.png'''),
    ('insert', 'INSERT INTO storage.objects (bucket_id, name) VALUES (%L, %L || ''/a/2.png'')'),
    ('update', 'UPDATE storage.objects AS o SET metadata = ''{}'' WHERE o.bucket_id = %L AND o.name = %L || ''/a/1.png'''),
    ('delete', 'DELETE FROM storage.objects AS o WHERE o.bucket_id = %L AND o.name = %L || ''/a/1.png''')
) AS v (command, statement)
ORDER BY b.id, w.who, v.command;

SELECT is(
    pg_temp.try('manager', 'authenticated', format(
        'UPDATE storage.objects AS o SET name = %L WHERE o.bucket_id = %L AND o.name = %L',
        tap.id('other yacht') || '/a/9.png', b.id, tap.id('yacht') || '/a/1.png')),
    '42501',
    format('a manager does not rename into another yacht in %s', b.id))
FROM storage.buckets AS b
ORDER BY b.id;

SELECT is(
    pg_temp.try('manager', 'authenticated', format(
        'UPDATE storage.objects AS o SET bucket_id = ''elsewhere'' WHERE o.bucket_id = %L AND o.name = %L',
        b.id, tap.id('yacht') || '/a/1.png')),
    '42501',
    format('a manager does not move out of %s', b.id))
FROM storage.buckets AS b
ORDER BY b.id;

SELECT is(
    pg_temp.try('captain', 'authenticated', format(
        'INSERT INTO storage.objects (bucket_id, name) VALUES (%L, %L)', b.id, n.name)),
    '42501',
    format('%s refuses the name of %s', b.id, n.what))
FROM storage.buckets AS b
CROSS JOIN (VALUES
    ('no folder at all', 'x.png'),
    ('a folder that is no yacht', 'not-a-uuid/x.png'),
    ('nothing before the slash', '/x.png'),
    ('a yacht without an object', tap.id('yacht')::text),
    ('a yacht further down', 'a/' || tap.id('yacht') || '/x.png'),
    ('nothing', '')
) AS n (what, name)
ORDER BY b.id, n.what;

-- An upsert, as the storage server tries it: what is new is an upload, what is there is a change.
SELECT is(
    pg_temp.try(w.who, 'authenticated', format(
        'INSERT INTO storage.objects (bucket_id, name) VALUES (%L, %L)
         ON CONFLICT (bucket_id, name) DO UPDATE SET metadata = ''{}''',
        b.id, tap.id('yacht') || n.rest)),
    CASE
        WHEN w.who = 'stranger' THEN '42501'
        WHEN n.rest = '/a/1.png' AND w.who <> 'manager' THEN '42501'
        ELSE '1'
    END,
    format('upsert of %s in %s by %s', n.what, b.id, w.who))
FROM storage.buckets AS b
CROSS JOIN unnest(ARRAY['crew', 'chief_engineer', 'captain', 'manager', 'stranger']) AS w (who)
CROSS JOIN (VALUES ('what is new', '/a/3.png'), ('what is there', '/a/1.png')) AS n (what, rest)
ORDER BY b.id, w.who, n.rest;

-- What was there before the policies may have any name: it hides, and no statement stumbles over it.
INSERT INTO storage.objects (bucket_id, name)
SELECT b.id, n.name
FROM storage.buckets AS b
CROSS JOIN unnest(ARRAY['', '/', '//', 'x.png', 'not-a-uuid/x.png', NULL]) AS n (name);

SELECT is(
    pg_temp.try('manager', 'authenticated', v.statement || ' WHERE o.bucket_id LIKE ''pms-%'''),
    '3',
    format('malformed names do not disturb a %s', v.command))
FROM (VALUES
    ('select', 'SELECT o.id FROM storage.objects AS o'),
    ('update', 'UPDATE storage.objects AS o SET metadata = ''{}'''),
    ('delete', 'DELETE FROM storage.objects AS o')
) AS v (command, statement)
ORDER BY v.command;

SELECT is(
    pg_temp.try('dismissed', 'authenticated', format(
        'SELECT o.id FROM storage.objects AS o WHERE o.name LIKE %L', tap.id('yacht') || '/%')),
    '0', 'who was dismissed sees no object');
SELECT is(
    pg_temp.try('captain', 'authenticated',
        'INSERT INTO storage.objects (bucket_id, name) VALUES (''elsewhere'', ''x/y.png'')'),
    '42501', 'a bucket of somebody else is not opened');

-- What the gateway looks up: limits of buckets as the caller, and every row for the sweep.
INSERT INTO storage.buckets (id, name) VALUES ('elsewhere', 'elsewhere');
INSERT INTO storage.objects (bucket_id, name) VALUES ('elsewhere', 'x/y.png');
-- Where a superuser made it, it bypasses row security, and the policy would not be tried.
ALTER ROLE service_role NOBYPASSRLS;
SELECT is(
    pg_temp.try('crew', 'authenticated', 'SELECT b.id FROM storage.buckets AS b'),
    '3', 'a person sees our buckets and no others');
SELECT is(
    pg_temp.try('crew', 'authenticated', 'UPDATE storage.buckets AS b SET public = true'),
    '0', 'a person changes no bucket');
SELECT is(
    pg_temp.try(NULL, 'anon', 'SELECT b.id FROM storage.buckets AS b'),
    '0', 'nobody in particular sees a bucket');
SELECT is(
    pg_temp.try(NULL, 'service_role', 'SELECT o.id FROM storage.objects AS o'),
    (SELECT count(*)::text FROM storage.objects AS o),
    'a service sees every object');
SELECT is(
    pg_temp.try(NULL, 'service_role', v.statement),
    v.expected,
    format('a service without more rights does not %s', v.command))
FROM (VALUES
    ('insert', 'INSERT INTO storage.objects (bucket_id, name) VALUES (''elsewhere'', ''z'')', '42501'),
    ('update', 'UPDATE storage.objects AS o SET metadata = ''{}''', '0'),
    ('delete', 'DELETE FROM storage.objects AS o', '0')
) AS v (command, statement, expected)
ORDER BY v.command;

SELECT * FROM finish();
ROLLBACK;
