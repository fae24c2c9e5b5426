BEGIN;
SELECT plan(38);

SELECT is(
    private.decode_cursor(
        private.encode_cursor(VARIADIC t.position),
        VARIADIC array_fill(''::text, ARRAY[cardinality(t.position)])),
    t.position,
    format('A position of %s comes back', t.what))
FROM (VALUES
    (ARRAY['1'], 'one number'),
    (ARRAY['1', 'RAC-2010', '00000000-0000-0000-0000-000000000000'], 'three texts'),
    (ARRAY['"', '\', '/', '+', ' ', ''], 'signs'),
    (ARRAY[repeat('é', 100), 'フィルター', '🔧'], 'letters outside ASCII'),
    (ARRAY[repeat('\', 100), repeat('"', 100)], 'what JSON escapes')
) AS t (position, what);
SELECT is(
    private.encode_cursor(repeat('?>~', 60), repeat('n', 100)) ~ '^[A-Za-z0-9_=-]+$',
    true,
    'A cursor is one line that can stand in a URL');
SELECT is(
    private.decode_cursor(f.cursor, '^\w+$', '^\w+$', '^\w+$', '^\w+$'),
    NULL::text[],
    format('No cursor: %s', f.what))
FROM tap.no_cursors() AS f;
SELECT is(
    private.decode_cursor(private.encode_cursor(VARIADIC t.position), VARIADIC t.patterns),
    NULL::text[],
    format('A position is refused when %s', t.what))
FROM (VALUES
    (ARRAY['x'], ARRAY['^[0-9]+$'], 'it is not like its pattern'),
    (ARRAY['1', 'x'], ARRAY['^[0-9]+$', '^[0-9]+$'], 'its second is not like its pattern'),
    (ARRAY['1', '2'], ARRAY['^[0-9]+$'], 'it has too many'),
    (ARRAY['1'], ARRAY['^[0-9]+$', '^[0-9]+$'], 'it has too few'),
    (ARRAY[NULL], ARRAY['^[0-9]+$'], 'it is null'),
    (ARRAY[NULL], ARRAY[''], 'it is null where any text would do'),
    (ARRAY[E'1\n'], ARRAY['^[0-9]+$'], 'a line break follows')
) AS t (position, patterns, what);
SELECT is(
    private.decode_cursor(NULL, '.'), NULL::text[], 'No cursor is no position');

SELECT * FROM finish();
ROLLBACK;
