-- The policies of a bucket end at its edge: in a bucket of somebody else the same names are nobody's.

BEGIN;
SELECT plan(28);
SELECT tap.fleet();
INSERT INTO storage.buckets (id, name) VALUES ('elsewhere', 'elsewhere');
INSERT INTO storage.objects (bucket_id, name)
SELECT b.id, tap.id(y.yacht) || '/1.png'
FROM storage.buckets AS b
CROSS JOIN (VALUES ('yacht'), ('other yacht')) AS y (yacht);

SELECT is(
    tap.answer('authenticated', p.who, $$
        SELECT string_agg(o.bucket_id, ' ' ORDER BY o.bucket_id) FROM storage.objects AS o$$),
    'pms-label-pdfs pms-part-photos pms-receiving-images',
    format('%s sees the objects of the three buckets, and none elsewhere', p.who))
FROM (VALUES ('crew'), ('manager')) AS p (who);
SELECT is(
    tap.outcome('authenticated', p.who, format(
        'INSERT INTO storage.objects (bucket_id, name) VALUES (%L, %L)', 'elsewhere',
        tap.id('yacht') || '/2.png')),
    '42501 new row violates row-level security policy for table "objects"',
    format('%s adds nothing elsewhere', p.who))
FROM (VALUES ('crew'), ('manager')) AS p (who);

-- Without a look at any column: the policies for SELECT would hide what those for UPDATE and DELETE
-- let through.
SELECT is(
    tap.outcome('authenticated', 'manager', format(
        'UPDATE storage.objects SET bucket_id = %L, name = %L || gen_random_uuid()',
        m.bucket, tap.id(m.yacht) || '/')),
    m.outcome,
    format('a manager %s', m.what))
FROM (
    SELECT b.id AS bucket, 'other yacht' AS yacht,
           '42501 new row violates row-level security policy for table "objects"' AS outcome,
           format('moves nothing to another yacht in %s', b.id) AS what
    FROM storage.buckets AS b
    WHERE b.id <> 'elsewhere'
    UNION ALL
    SELECT b.id, 'yacht', 'ok', format('moves what they manage into %s', b.id)
    FROM storage.buckets AS b
    WHERE b.id <> 'elsewhere'
    UNION ALL
    VALUES ('elsewhere', 'yacht',
            '42501 new row violates row-level security policy for table "objects"',
            'moves nothing elsewhere')
) AS m;

-- Rows that it should not reach would fail WITH CHECK.
SELECT is(
    tap.outcome('authenticated', p.who, $$UPDATE storage.objects SET version = 'seen'$$), 'ok',
    format('a blind UPDATE by %s meets no row of somebody else', p.who))
FROM (VALUES ('crew'), ('captain'), ('manager')) AS p (who);
SELECT tap.run_as('authenticated', p.who, $$UPDATE storage.objects SET version = 'seen'$$)
FROM (VALUES ('crew'), ('captain'), ('manager')) AS p (who);
SELECT is(
    (SELECT array_agg(o.name ORDER BY o.name)
     FROM storage.objects AS o
     WHERE o.bucket_id = b.id
       AND o.version = 'seen'),
    CASE WHEN b.id <> 'elsewhere' THEN ARRAY[tap.id('yacht') || '/1.png'] END,
    format('a blind UPDATE by a manager reaches in %s %s', b.id,
           CASE b.id WHEN 'elsewhere' THEN 'nothing' ELSE 'what they manage' END))
FROM storage.buckets AS b
ORDER BY b.id;

SELECT tap.run_as('authenticated', p.who, 'DELETE FROM storage.objects')
FROM (VALUES ('crew'), ('captain')) AS p (who);
SELECT is(
    (SELECT count(*) FROM storage.objects AS o WHERE o.bucket_id = b.id), 2::bigint,
    format('a blind DELETE by crew and captain takes nothing from %s', b.id))
FROM storage.buckets AS b
ORDER BY b.id;
SELECT tap.run_as('authenticated', 'manager', 'DELETE FROM storage.objects');
SELECT is(
    (SELECT count(*) FROM storage.objects AS o WHERE o.bucket_id = b.id),
    CASE b.id WHEN 'elsewhere' THEN 2::bigint ELSE 1::bigint END,
    format('a blind DELETE by a manager takes from %s %s', b.id,
           CASE b.id WHEN 'elsewhere' THEN 'nothing' ELSE 'what they manage' END))
FROM storage.buckets AS b
ORDER BY b.id;

-- The buckets themselves: rows of the server, without a policy of ours.
SELECT tap.run_as('authenticated', 'manager', $$UPDATE storage.buckets SET public = true$$);
SELECT is_empty(
    'SELECT b.id FROM storage.buckets AS b WHERE b.public',
    'no person opens a bucket to the world');
SELECT is(
    tap.outcome('authenticated', 'manager', $$
        INSERT INTO storage.buckets (id, name, public) VALUES ('mine', 'mine', true)$$),
    '42501 new row violates row-level security policy for table "buckets"',
    'no person makes a bucket');

SELECT * FROM finish();
ROLLBACK;
