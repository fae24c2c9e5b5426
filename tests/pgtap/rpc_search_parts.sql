BEGIN;
SELECT plan(88);
SELECT tap.fixture();

SELECT tap.is_rpc('search_parts', ARRAY['uuid', 'text', 'text', 'integer'], 'stable');

SELECT is(
    (tap.call_read_only('crew', 'search_parts', '{"p_query": "RAC-2010"}') -> 0) - 'cursor',
    jsonb_build_object(
        'part_id', tap.id('filter'), 'part_number', 'RAC-2010', 'name', 'Fuel filter element',
        'manufacturer', 'Racor', 'category', NULL, 'unit', 'pcs', 'barcode', '4006633200103',
        'min_level', 4, 'is_critical', true, 'on_hand', 15),
    'A part is found with what is on hand over all its stocks');
SELECT is(tap.status(), 200, 'A search is answered with 200, also read-only');
SELECT is(
    tap.call('crew', 'search_parts', '{"p_query": "no such thing anywhere"}'),
    '[]',
    'A search that finds nothing is answered with an empty list');
SELECT is(
    (SELECT array_agg(r.part ->> 'part_id')
     FROM jsonb_array_elements(tap.call(t.who, 'search_parts', jsonb_build_object(
         'p_query', 'RAC-2010', 'p_yacht_id', tap.id(t.yacht)))) AS r (part)),
    ARRAY[tap.id(t.finds)::text],
    format('Of two yachts with the same part number %s finds that of the %s', t.who, t.yacht))
FROM (VALUES
    ('crew', 'yacht', 'filter'), ('stranger', 'other yacht', 'other filter'),
    ('both', 'yacht', 'filter'), ('both', 'other yacht', 'other filter')
) AS t (who, yacht, finds);
SELECT is_empty(
    $$SELECT r.part
      FROM jsonb_array_elements(tap.call('crew', 'search_parts', '{"p_query": "Loran"}'))
          AS r (part)$$,
    'A deactivated part is not found by a word');
SELECT is_empty(
    $$SELECT r.part
      FROM jsonb_array_elements(tap.call('crew', 'search_parts', '{"p_query": "OLD-1"}'))
          AS r (part)
      WHERE r.part ->> 'part_number' = 'OLD-1'$$,
    'A deactivated part is not found by its number');
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES
    (tap.id('yacht'), tap.id('seal in locker 1'), 2147483646, 'received'),
    (tap.id('yacht'), tap.id('seal in locker 2'), 2147483646, 'received');
SELECT lives_ok(
    $$SELECT tap.call('crew', 'search_parts', '{"p_query": "SKF-25"}')$$,
    'A search is answered though a part has more than 2147483647 in two stocks');

SELECT tap.refuses(
    'crew', 'search_parts', '{"p_query": "filter"}'::jsonb || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A search is refused with ' || t.what)
FROM (VALUES
    ('{"p_query": null}'::jsonb, 'p_query', 'is required', 'no query'),
    ('{"p_query": ""}', 'p_query', 'does not have 1 to 200 characters', 'an empty query'),
    ('{"p_query": "   "}', 'p_query', 'does not have 1 to 200 characters', 'a blank query'),
    (jsonb_build_object('p_query', repeat('q', 201)), 'p_query',
     'does not have 1 to 200 characters', 'a query of 201 characters'),
    ('{"p_limit": 0}', 'p_limit', 'is not a whole number from 1 to 500', 'pages of 0'),
    ('{"p_limit": 501}', 'p_limit', 'is not a whole number from 1 to 500', 'pages of 501'),
    ('{"p_limit": null}', 'p_limit', 'is null', 'pages of NULL')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'crew', 'search_parts', jsonb_build_object('p_query', 'filter', 'p_after', t.cursor), 400,
    'invalid_argument', '{"argument": "p_after", "reason": "is not a cursor of this list"}',
    'A search refuses a cursor that ' || t.what)
FROM (
    SELECT f.cursor, 'is ' || f.what
    FROM tap.no_cursors() AS f
    UNION ALL
    SELECT private.encode_cursor(VARIADIC c.position), c.what
    FROM (VALUES
        (ARRAY['5', '1', 'A', tap.id('filter')::text], 'has an unknown rank'),
        (ARRAY['2', 'x', 'A', tap.id('filter')::text], 'has no score'),
        (ARRAY['2', '99999999', 'A', tap.id('filter')::text], 'has a score beyond all scores'),
        (ARRAY['2', '1', 'A', 'filter'], 'has no id'),
        (ARRAY[NULL, '1', 'A', tap.id('filter')::text], 'has a null for the rank'),
        (ARRAY['2', NULL, 'A', tap.id('filter')::text], 'has a null for the score'),
        (ARRAY['2', '1', NULL, tap.id('filter')::text], 'has a null for the number'),
        (ARRAY['2', '1', 'A', NULL], 'has a null for the id'),
        (ARRAY['0', 'GAT-6PK', tap.id('belt')::text], 'is one of low_stock_parts')
    ) AS c (position, what)
) AS t (cursor, what);
SELECT lives_ok(
    format($$SELECT tap.call('crew', 'search_parts', jsonb_build_object('p_query', %L))$$, t.query),
    'A search takes ' || t.what)
FROM (VALUES
    (repeat('q', 200), '200 characters'), ('%', 'a percent sign'), ('_', 'an underscore'),
    ('''; DROP TABLE public.pms_parts; --', 'SQL'), ('a', 'one letter'), ('\', 'a backslash'),
    ('/ - . ,', 'nothing but signs'), ('フィルター', 'letters of another script'),
    ('🔧', 'a pictogram'), (E'fuel\tfilter\n', 'control characters'), ('(((', 'parentheses'),
    (repeat('a ', 100) || 'a', 'a hundred words')
) AS t (query, what);

SELECT tap.is_gated('search_parts', '{"p_query": "filter"}', tap.roles());

SELECT * FROM finish();
ROLLBACK;
