BEGIN;
SELECT plan(52);
SELECT tap.fixture();

SELECT is(
    private.location_path(tap.id(t.yacht), tap.id(t.location)), t.path,
    format('The path of the %s on the %s is %s', t.location, t.yacht, coalesce(t.path, 'none')))
FROM (VALUES
    ('yacht', 'engine room', 'Engine room'),
    ('yacht', 'locker 1', 'Engine room / Locker 1'),
    ('yacht', 'attic', 'Attic'),
    ('yacht', 'no location', NULL),
    ('other yacht', 'other locker', 'Other locker'),
    ('other yacht', 'locker 1', NULL)
) AS t (yacht, location, path);
INSERT INTO public.pms_part_locations (yacht_id, location_id, parent_location_id, name)
SELECT tap.id('yacht'), tap.id('level ' || n), CASE WHEN n > 1 THEN tap.id('level ' || n - 1) END,
       'L' || n
FROM generate_series(1, 20) AS g (n);
SELECT is(
    private.location_path(tap.id('yacht'), tap.id('level 20')),
    (SELECT string_agg('L' || n, ' / ' ORDER BY n) FROM generate_series(1, 20) AS g (n)),
    'A path has up to twenty names');

SELECT is(
    private.location_error(tap.id('yacht'), t.location), t.error,
    format('Location error: %s', t.what))
FROM (VALUES
    (NULL, NULL, 'none when no location is named'),
    (tap.id('locker 1'), NULL, 'none for an active one'),
    (tap.id('attic'), 'location_deactivated', 'a deactivated one'),
    (tap.id('no location'), 'location_not_found', 'one that does not exist'),
    (tap.id('other locker'), 'location_not_found', 'one of another yacht')
) AS t (location, error, what);
SELECT is(
    private.location_name_error(t.name), t.error, format('Location name: %s', t.what))
FROM (VALUES
    ('Locker 1', NULL, 'a word and a number'),
    ('A/B', NULL, 'a slash without blanks'),
    (repeat('n', 200), NULL, '200 characters'),
    ('  ' || repeat('n', 200) || '  ', NULL, '200 characters between blanks'),
    (NULL, 'is required', 'null'), ('', 'is required', 'empty'), ('  ', 'is required', 'blank'),
    (repeat('n', 201), 'is longer than 200 characters', '201 characters'),
    ('A / B', 'holds " / ", which separates the names of a path', 'a path'),
    (E'A\rB', 'holds a control character', 'a carriage return')
) AS t (name, error, what);
SELECT is(
    private.location_is_within(tap.id('yacht'), tap.id(t.location), tap.id(t.ancestor)),
    t.is_within,
    format('The %s is within the %s: %s', t.location, t.ancestor, t.is_within))
FROM (VALUES
    ('locker 1', 'engine room', true), ('locker 1', 'locker 1', true),
    ('engine room', 'locker 1', false), ('locker 1', 'locker 2', false),
    ('level 20', 'level 1', true), ('level 1', 'level 20', false),
    ('no location', 'engine room', false), ('other locker', 'engine room', false)
) AS t (location, ancestor, is_within);
SELECT is(
    private.is_uuid_or_null(t.value), t.is_uuid,
    format('A UUID or null: %s is %s', coalesce(t.value::text, 'what is absent'), t.is_uuid))
FROM (VALUES
    (NULL::jsonb, true), ('null', true), ('"0197a000-0000-7000-8000-000000000001"', true),
    ('"0197A000-0000-7000-8000-00000000000F"', true), ('""', false), ('"x"', false),
    ('"{0197a000-0000-7000-8000-000000000001}"', false),
    ('"0197a000000070008000000000000001"', false), ('5', false), ('{}', false), ('[]', false),
    ('true', false)
) AS t (value, is_uuid);

CREATE TEMPORARY TABLE found AS
SELECT t.what, t.result, l.location_id, l.created, l.error_code
FROM (VALUES
    ('a root', 'Engine room', '["Engine room", 0, null]'::jsonb),
    ('other case', 'ENGINE ROOM / locker 2', '["Engine room / Locker 2", 0, null]'),
    ('a new end', 'Engine room / Locker 2 / Bin 7', '["Engine room / Locker 2 / Bin 7", 1, null]'),
    ('all new', 'Bow / Bin 7', '["Bow / Bin 7", 2, null]'),
    ('a slash without blanks', 'Bow/Bin 7', '["Bow/Bin 7", 1, null]'),
    ('a deactivated root', 'Attic', '["Attic", 0, "location_deactivated"]')
) AS t (what, path, result)
CROSS JOIN LATERAL private.location_at_path(tap.id('yacht'), t.path) AS l;
SELECT is(
    jsonb_build_array(
        private.location_path(tap.id('yacht'), f.location_id), f.created, f.error_code),
    f.result,
    format('A path with %s leads to %s', f.what, f.result))
FROM pg_temp.found AS f;
SELECT is(
    (SELECT l.error_code FROM private.location_at_path(tap.id('yacht'), t.path) AS l),
    'invalid_location',
    format('No path: %s', t.what))
FROM (VALUES
    ('A /  / B', 'a gap'), ('A / ' || repeat('n', 201), 'a name of 201 characters'),
    (E'A / B\nC', 'a control character'), ('A / ', 'an empty end')
) AS t (path, what);

SELECT * FROM finish();
ROLLBACK;
