BEGIN;
SELECT plan(52);
SELECT tap.fixture();

INSERT INTO public.pms_parts
    (yacht_id, part_id, part_number, name, description, manufacturer, category, barcode)
SELECT tap.id('yacht'), tap.id(p.number), p.number, p.name, p.description, p.maker, p.category,
       p.barcode
FROM (VALUES
    ('1000', 'Impeller kit', NULL, 'Jabsco', 'Cooling', NULL),
    ('1000-A', 'Impeller kit, long', NULL, 'Jabsco', 'Cooling', NULL),
    ('X-1', 'Kit for pump 1000', NULL, 'Johnson', 'Cooling', NULL),
    ('X-2', 'Water pump', 'Fits impeller 1000', 'Johnson', 'Cooling', '1000'),
    ('X-3', 'Zinc anode', 'For the bow thruster', 'Side-Power', 'Hull', '5701234567890'),
    ('X-4', 'Turbocharger gasket', NULL, 'MTU', 'Exhaust', NULL),
    ('X-5', 'Membrane', 'Watermaker, high pressure', 'Spectra', 'Freshwater', NULL)
) AS p (number, name, description, maker, category, barcode);

SELECT is(
    (SELECT array_agg(r.part ->> 'part_number' ORDER BY r.ordinality)
     FROM jsonb_array_elements(tap.call('crew', 'search_parts', '{"p_query": "1000"}'))
         WITH ORDINALITY AS r (part)
     WHERE r.ordinality <= 4),
    ARRAY['1000', 'X-2', '1000-A', 'X-1'],
    'The very number and the very barcode come first, then numbers that begin so, then the rest');
SELECT is(
    tap.call('crew', 'search_parts', jsonb_build_object('p_query', t.query))
        #>> '{0,part_number}',
    t.finds,
    format('"%s" finds first by %s', t.query, t.field))
FROM (VALUES
    ('RAC-2010', 'RAC-2010', 'its number'),
    ('rac-2010', 'RAC-2010', 'its number in other case'),
    ('  RAC-2010  ', 'RAC-2010', 'its number between blanks'),
    ('RAC', 'RAC-2010', 'the beginning of its number'),
    ('5701234567890', 'X-3', 'its barcode'),
    ('turbocharger gasket', 'X-4', 'its name'),
    ('gasket turbocharger', 'X-4', 'its name the other way round'),
    ('Side-Power', 'X-3', 'its maker'),
    ('watermaker', 'X-5', 'its description'),
    ('Freshwater', 'X-5', 'its category'),
    ('Racor filter', 'RAC-2010', 'maker and name together'),
    ('turbochargr', 'X-4', 'a name with a letter missing'),
    ('turbocharegr', 'X-4', 'a name with two letters swapped'),
    ('turbbocharger', 'X-4', 'a name with a letter too many'),
    ('tubrocharger', 'X-4', 'a name with a slip early on'),
    ('recor', 'RAC-2010', 'a maker with a wrong letter'),
    ('gaskett', 'CAT-77', 'a word with a letter too many'),
    ('membrain', 'X-5', 'a word as it sounds'),
    ('FUEL', 'RAC-2010', 'a word in other case')
) AS t (query, finds, field);
SELECT is_empty(
    $$SELECT r.part
      FROM jsonb_array_elements(tap.call('crew', 'search_parts',
                                         '{"p_query": "turbocharger zinc"}')) AS r (part)$$,
    'Each word of the query has to be in the part');
INSERT INTO public.pms_parts (yacht_id, part_id, part_number, name)
VALUES (tap.id('yacht'), tap.id('7'), '7', 'O-ring');
SELECT is(
    tap.call('crew', 'search_parts', '{"p_query": "7"}') #>> '{0,part_number}',
    '7',
    'A number of one character, too short for trigrams, is found');

UPDATE public.pms_parts AS p
SET name = 'Exhaust manifold seal'
WHERE p.part_id = tap.id('X-4');
SELECT is(
    tap.call('crew', 'search_parts', '{"p_query": "manifold"}') #>> '{0,part_number}',
    'X-4',
    'A part is found by its new name');
SELECT is_empty(
    $$SELECT r.part
      FROM jsonb_array_elements(tap.call('crew', 'search_parts', '{"p_query": "turbocharger"}'))
          AS r (part)
      WHERE r.part ->> 'part_number' = 'X-4'$$,
    'A part is not found by the name that it had');

INSERT INTO public.pms_parts (yacht_id, part_number, name)
SELECT tap.id('yacht'), 'V-' || n, 'Valve, ball, DN' || n % 7
FROM generate_series(1, 60) AS n;
CREATE TEMPORARY TABLE whole AS
SELECT tap.call('crew', 'search_parts', '{"p_query": "valve", "p_limit": 500}') AS list;
SELECT is(
    (SELECT count(DISTINCT r.part ->> 'part_id')
     FROM pg_temp.whole AS w
     CROSS JOIN jsonb_array_elements(w.list) AS r (part)
     WHERE r.part ->> 'part_number' LIKE 'V-%'),
    60::bigint,
    'All that a word means is found');
SELECT is(
    jsonb_array_length(tap.call('crew', 'search_parts', '{"p_query": "valve"}')),
    50,
    'A page has 50 parts when no limit is given');
SELECT is(
    (SELECT jsonb_agg(r.part ORDER BY c.page, r.ordinality)
     FROM (
         WITH RECURSIVE paged (page, list) AS (
             SELECT 1, tap.call('crew', 'search_parts',
                                jsonb_build_object('p_query', t.query, 'p_limit', t.size))
             UNION ALL
             SELECT p.page + 1,
                    tap.call('crew', 'search_parts', jsonb_build_object(
                        'p_query', t.query, 'p_limit', t.size,
                        'p_after', p.list -> -1 -> 'cursor'))
             FROM paged AS p
             WHERE jsonb_array_length(p.list) > 0
         )
         SELECT p.page, p.list
         FROM paged AS p
     ) AS c
     CROSS JOIN jsonb_array_elements(c.list) WITH ORDINALITY AS r (part)),
    tap.call('crew', 'search_parts', jsonb_build_object('p_query', t.query, 'p_limit', 500)),
    format('Pages of %s of "%s" make the whole list, without gap or repeat', t.size, t.query))
FROM (VALUES
    ('valve', 1), ('valve', 7), ('valve', 60), ('V-1', 3), ('1000', 1), ('dn3 valve', 2),
    -- Across the steps: words that begin so, then words that are less and less like.
    ('valv', 7), ('vavle', 7), ('impell', 1), ('kits', 1), ('vavle bal', 7), ('V-61', 7)
) AS t (query, size);

INSERT INTO public.pms_parts (yacht_id, part_id, part_number, name)
SELECT tap.id('yacht'), tap.id(p.number), p.number, p.name
FROM (VALUES
    ('N-1', 'Adhesive 50%_strong'),
    ('N-2', 'Adhesive 500'),
    ('N-3', 'Hose (blue) +tape'),
    ('N-4', 'Hoses'),
    ('N-5', E'Owner\'s \\manual:* & !deck')
) AS p (number, name);
SELECT is(
    tap.call('crew', 'search_parts', jsonb_build_object('p_query', t.query, 'p_limit', 1))
        #>> '{0,part_number}',
    t.finds,
    format('"%s" is taken as it stands', t.query))
FROM (VALUES
    ('50%_s', 'N-1'),
    ('(blue)', 'N-3'),
    ('+tape', 'N-3'),
    ($$owner's$$, 'N-5'),
    ($$ownwer's$$, 'N-5'),
    ('\manual:*', 'N-5'),
    ('!deck', 'N-5')
) AS t (query, finds);
SELECT is(
    (SELECT array_agg(r.part ->> 'part_number' ORDER BY r.ordinality)
     FROM jsonb_array_elements(tap.call('crew', 'search_parts', jsonb_build_object(
         'p_query', t.query)))
         WITH ORDINALITY AS r (part)
     WHERE r.part ->> 'part_number' LIKE 'N-%'),
    t.finds,
    format('"%s" finds what has %s', t.query, t.what))
FROM (VALUES
    ('50%_s', ARRAY['N-1'], 'the signs within the word'),
    ('50%', ARRAY['N-1', 'N-2'], 'the word without the signs around it')
) AS t (query, finds, what);
SELECT is(
    (SELECT array_agg(r.part ->> 'part_number' ORDER BY r.ordinality)
     FROM jsonb_array_elements(tap.call('crew', 'search_parts', '{"p_query": "hoses"}'))
         WITH ORDINALITY AS r (part)
     WHERE r.part ->> 'part_number' LIKE 'N-%'),
    ARRAY['N-4', 'N-3'],
    'A word that begins so comes before one that is only like it');


-- Likeness: of one word, of several, of words that every part has.
INSERT INTO public.pms_parts (yacht_id, part_id, part_number, name, deleted_at)
SELECT tap.id(p.yacht), tap.id(p.number), p.number, p.name, CASE WHEN p.deactivated THEN now() END
FROM (VALUES
    ('yacht', 'L-1', 'Windlass gypsy', false),
    ('yacht', 'L-2', 'Windlas', false),
    ('yacht', 'L-3', 'Winslow gypsum', false),
    ('yacht', 'L-4', 'Windlass gipsy', true),
    ('yacht', 'L-5', 'Windsock', false),
    ('other yacht', 'L-6', 'Windlass capstan', false)
) AS p (yacht, number, name, deactivated);
SELECT is(
    (SELECT array_agg(r.part ->> 'part_number' ORDER BY r.ordinality)
     FROM jsonb_array_elements(tap.call('crew', 'search_parts', jsonb_build_object(
         'p_query', t.query)))
         WITH ORDINALITY AS r (part)),
    t.finds,
    t.what)
FROM (VALUES
    ('windlasss', ARRAY['L-1', 'L-2', 'L-5', 'L-3'], 'The likest word comes first'),
    ('windlasss gypsi', ARRAY['L-1', 'L-3'],
     'Each word has to be like one of the part, and the least like one counts'),
    ('gypsi', ARRAY['L-1', 'L-3'], 'A deactivated part is not found by a typo'),
    ('capstann', NULL, 'What a word may mean is looked up among those of the yacht')
) AS t (query, finds, what);

SELECT * FROM finish();
ROLLBACK;
