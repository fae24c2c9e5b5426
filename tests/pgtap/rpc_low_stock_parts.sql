BEGIN;
SELECT plan(73);
SELECT tap.fixture();

SELECT tap.is_rpc('low_stock_parts', ARRAY['uuid', 'text', 'integer'], 'stable');

INSERT INTO public.pms_parts
    (yacht_id, part_id, part_number, name, min_level, max_level, is_critical, deleted_at)
SELECT tap.id('yacht'), tap.id(p.number), p.number, 'Part ' || p.number, p.min, p.max, p.critical,
       CASE WHEN p.deactivated THEN now() END
FROM (VALUES
    ('Z-1', 10, NULL, true, false),
    ('A-1', 10, NULL, false, false),
    ('A-2', 10, 10, false, false),
    ('A-3', 1000000, 1000000, false, false),
    ('A-4', 0, 10, true, false),
    ('A-5', 10, NULL, true, true)
) AS p (number, min, max, critical, deactivated);
INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
SELECT tap.id('yacht'), tap.id(s.part || ' in ' || s.location), tap.id(s.part), tap.id(s.location)
FROM (VALUES ('A-1', 'locker 1'), ('A-1', 'locker 2'), ('A-2', 'locker 1')) AS s (part, location);
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES
    (tap.id('yacht'), tap.id('A-1 in locker 1'), 4, 'opening'),
    (tap.id('yacht'), tap.id('A-1 in locker 2'), 5, 'opening'),
    (tap.id('yacht'), tap.id('A-2 in locker 1'), 9, 'opening');

CREATE TEMPORARY TABLE low AS
SELECT tap.call_read_only('crew', 'low_stock_parts') AS list;
SELECT is(tap.status(), 200, 'The list is answered with 200, also read-only');
SELECT is(
    (SELECT jsonb_agg(r.part - 'cursor' ORDER BY r.ordinality)
     FROM pg_temp.low AS l
     CROSS JOIN jsonb_array_elements(l.list) WITH ORDINALITY AS r (part)),
    (SELECT jsonb_agg(jsonb_build_object(
        'part_id', tap.id(e.part), 'part_number', e.number, 'name', e.name, 'unit', e.unit,
        'is_critical', e.critical, 'on_hand', e.on_hand, 'min_level', e.min, 'max_level', e.max,
        'on_order', 0, 'suggested_quantity', e.suggested) ORDER BY e.place)
     FROM (VALUES
        (1, 'gasket', 'CAT-77', 'Head gasket', 'set', true, 0, 1, 1, 1),
        (2, 'Z-1', 'Z-1', 'Part Z-1', 'pcs', true, 0, 10, NULL, 20),
        (3, 'A-1', 'A-1', 'Part A-1', 'pcs', false, 9, 10, NULL, 11),
        (4, 'A-2', 'A-2', 'Part A-2', 'pcs', false, 9, 10, 10, 1),
        (5, 'A-3', 'A-3', 'Part A-3', 'pcs', false, 0, 1000000, 1000000, 1000000)
     ) AS e (place, part, number, name, unit, critical, on_hand, min, max, suggested)),
    'What is below its minimum over all its stocks, critical parts first, each with what to order');
SELECT is_empty(
    $$SELECT r.part
      FROM pg_temp.low AS l
      CROSS JOIN jsonb_array_elements(l.list) AS r (part)
      WHERE r.part ->> 'part_number' IN ('A-4', 'A-5', 'GAT-6PK')$$,
    'Neither a minimum of 0, nor a deactivated part, nor one that has its minimum is low');
SELECT is(
    (SELECT jsonb_agg(r.part ORDER BY c.page, r.ordinality)
     FROM (
         WITH RECURSIVE paged (page, list) AS (
             SELECT 1, tap.call('crew', 'low_stock_parts',
                                jsonb_build_object('p_limit', t.size))
             UNION ALL
             SELECT p.page + 1,
                    tap.call('crew', 'low_stock_parts', jsonb_build_object(
                        'p_limit', t.size, 'p_after', p.list -> -1 -> 'cursor'))
             FROM paged AS p
             WHERE jsonb_array_length(p.list) > 0
         )
         SELECT p.page, p.list
         FROM paged AS p
     ) AS c
     CROSS JOIN jsonb_array_elements(c.list) WITH ORDINALITY AS r (part)),
    (SELECT l.list FROM pg_temp.low AS l),
    format('Pages of %s make the whole list, without gap or repeat', t.size))
FROM (VALUES (1), (2), (3), (5), (500)) AS t (size);
SELECT is(
    tap.call('crew', 'low_stock_parts', jsonb_build_object(
        'p_after', private.encode_cursor('1', 'A-9', tap.id('no part')::text))),
    '[]',
    'After the last there is nothing');
SELECT is(
    tap.call('stranger', 'low_stock_parts', jsonb_build_object(
        'p_yacht_id', tap.id('other yacht'))) #>> '{0,part_id}',
    tap.id('other filter')::text,
    'Another yacht has a list of its own');
SELECT is(
    (SELECT count(*)
     FROM jsonb_array_elements(tap.call('both', 'low_stock_parts')) AS r (part)),
    5::bigint,
    'A person of two yachts sees one yacht at a time');

-- The caches of all stocks, off in either direction.
UPDATE public.pms_inventory_stock AS s
SET quantity = 2000000, newest_seq = 99
WHERE s.yacht_id = tap.id('yacht');
SELECT is(
    tap.call('crew', 'low_stock_parts'),
    (SELECT l.list FROM pg_temp.low AS l),
    'What is low is listed though the caches say that there is plenty');
UPDATE public.pms_inventory_stock AS s
SET quantity = 0, newest_seq = 0
WHERE s.yacht_id = tap.id('yacht');
SELECT is(
    tap.call('crew', 'low_stock_parts'),
    (SELECT l.list FROM pg_temp.low AS l),
    'What is not low is not listed though the caches say that there is nothing');

INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
VALUES
    (tap.id('yacht'), tap.id('A-3 in locker 1'), tap.id('A-3'), tap.id('locker 1')),
    (tap.id('yacht'), tap.id('A-3 in locker 2'), tap.id('A-3'), tap.id('locker 2'));
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES
    (tap.id('yacht'), tap.id('A-3 in locker 1'), 2147483647, 'opening'),
    (tap.id('yacht'), tap.id('A-3 in locker 2'), 2147483647, 'opening');
SELECT lives_ok(
    $$SELECT tap.call('crew', 'low_stock_parts')$$,
    'The list is answered though a part has more than 2147483647 in two stocks');

SELECT tap.refuses(
    'crew', 'low_stock_parts', jsonb_build_object('p_limit', t.size), 400, 'invalid_argument',
    jsonb_build_object('argument', 'p_limit', 'reason', t.reason),
    format('The list is refused in pages of %s', coalesce(t.size::text, 'NULL')))
FROM (VALUES
    (0, 'is not a whole number from 1 to 500'),
    (-1, 'is not a whole number from 1 to 500'),
    (501, 'is not a whole number from 1 to 500'),
    (NULL, 'is null')
) AS t (size, reason);
SELECT tap.refuses(
    'crew', 'low_stock_parts', jsonb_build_object('p_after', t.cursor), 400, 'invalid_argument',
    '{"argument": "p_after", "reason": "is not a cursor of this list"}',
    'The list refuses ' || t.what)
FROM (
    SELECT f.cursor, 'a cursor that is ' || f.what
    FROM tap.no_cursors() AS f
    UNION ALL
    VALUES
        (private.encode_cursor('2', 'A-1', tap.id('A-1')::text),
         'a cursor with a third kind of part'),
        (private.encode_cursor('1', 'A-1', 'A-1'), 'a cursor without an id'),
        (private.encode_cursor('1', 'A-1', NULL), 'a cursor with a null'),
        (private.encode_cursor('1', NULL, tap.id('A-1')::text), 'a cursor with a null number'),
        (private.encode_cursor('2', '1000000', 'A-1', tap.id('A-1')::text), 'a cursor of a search')
) AS t (cursor, what);

SELECT tap.is_gated('low_stock_parts', '{}', tap.roles());

SELECT * FROM finish();
ROLLBACK;
