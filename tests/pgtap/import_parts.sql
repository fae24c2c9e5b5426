BEGIN;
SELECT plan(58);
SELECT tap.fixture();

SELECT tap.is_rpc('import_parts', ARRAY['uuid', 'jsonb', 'text', 'boolean'], 'volatile');

CREATE TEMPORARY TABLE file AS
SELECT '[
    {"line": 2, "part_number": "PER-2645", "name": "Oil filter", "manufacturer": "Perkins",
     "description": "Spin-on", "category": "Engine", "unit": "pcs", "barcode": "5012345678900",
     "min_level": 2, "max_level": 8, "is_critical": true,
     "location": "Tank deck / Cabinet 3 / Bin 1", "opening_quantity": 6},
    {"line": 3, "part_number": "rac-2010", "name": "Fuel filter",
     "location": "engine room / locker 2", "opening_quantity": 50},
    {"line": 4, "part_number": "SKF-25", "name": "Shaft seal"},
    {"line": 5, "name": "Nameless"},
    {"line": 6, "part_number": "PER-2646", "name": "Air filter",
     "location": "tank DECK / cabinet 3 / Bin 2"},
    {"part_number": "CAT-77", "name": "Head gasket", "location": "Engine room / Locker 1",
     "opening_quantity": 3}
]'::jsonb AS rows;

-- A dry run.
CREATE TEMPORARY TABLE dry AS
SELECT tap.trace('purser', 'import_parts', jsonb_build_object(
    'p_rows', f.rows, 'p_dry_run', true)) AS call
FROM pg_temp.file AS f;
SELECT is(
    (SELECT d.call -> 'changed' FROM pg_temp.dry AS d),
    '["private.request_keys"]',
    'A dry run writes nothing but its key and its audit row');
SELECT is(
    (SELECT d.call - ARRAY['answer', 'changed', 'audit'] FROM pg_temp.dry AS d),
    '{"status": 200, "denied": 0}',
    'A dry run is answered with 200');
SELECT is(
    tap.newest_audit() -> 'metadata',
    '{"source": "part_lens", "lens": "part", "request_id": null, "dry_run": true, "rows": 6,
      "created": 2, "updated": 2, "refused": 1}',
    'The audit row of a dry run says that it is one');

-- The same for good.
SET LOCAL "request.headers" = '{"x-request-id": "r-10"}';
CREATE TEMPORARY TABLE good AS
SELECT tap.trace('purser', 'import_parts', jsonb_build_object(
    'p_rows', f.rows, 'p_idempotency_key', 'good')) AS call
FROM pg_temp.file AS f;
SELECT is(
    (SELECT (g.call -> 'answer') - ARRAY['created', 'updated'] FROM pg_temp.good AS g),
    '{"success": true, "action": "import_parts", "dry_run": false, "rows": 6, "unchanged": 1,
      "locations_created": 4,
      "refused": [{"line": 5, "code": "missing_part_number", "field": "part_number",
                   "reason": "is missing"}]}',
    'An import says what it did, and which row it refused and why');
SELECT is(
    (SELECT jsonb_path_query_array(g.call, t.path::jsonpath) FROM pg_temp.good AS g),
    t.shows,
    'An import lists what is ' || t.what)
FROM (VALUES
    ('$.answer.created[*].line', '[2, 6]'::jsonb, 'new, by line'),
    ('$.answer.created[*].part_number', '["PER-2645", "PER-2646"]', 'new, by part number'),
    ('$.answer.updated[*].line', '[3, 6]',
     'changed, by line, which is the position when not given'),
    ('$.answer.updated[*].part_number', '["rac-2010", "CAT-77"]', 'changed, by part number')
) AS t (path, shows, what);
SELECT is(
    (SELECT jsonb_agg(l.part -> 'part_id' ORDER BY l.part ->> 'part_number')
     FROM pg_temp.good AS g
     CROSS JOIN jsonb_array_elements(
         (g.call #> '{answer,created}') || (g.call #> '{answer,updated}')) AS l (part)),
    (SELECT jsonb_agg(p.part_id ORDER BY l.number)
     FROM (VALUES ('PER-2645'), ('PER-2646'), ('rac-2010'), ('CAT-77')) AS l (number)
     JOIN public.pms_parts AS p
         ON p.yacht_id = tap.id('yacht')
        AND lower(p.part_number) = lower(l.number)),
    'Each listed part has its id');
SELECT is(
    (SELECT d.call -> 'answer' FROM pg_temp.dry AS d)
        #- '{created}' || '{"dry_run": false}',
    (SELECT (g.call -> 'answer') #- '{created}' FROM pg_temp.good AS g),
    'The dry run had said the same');
SELECT is(
    (SELECT g.call -> 'changed' FROM pg_temp.good AS g),
    '["private.part_search", "private.part_words", "private.request_keys",
      "public.pms_inventory_stock", "public.pms_inventory_transactions",
      "public.pms_part_locations", "public.pms_parts"]',
    'An import writes parts, locations, stocks and openings');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('purser'), 'role', 'purser',
        'action', 'import_parts', 'entity_type', 'import', 'entity_id', NULL,
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "part", "request_id": "r-10",
                      "dry_run": false, "rows": 6, "created": 2, "updated": 2,
                      "refused": 1}'::jsonb),
    'An import is one row of the audit log, with its counts');
SELECT is(
    (SELECT to_jsonb(p) - ARRAY['part_id', 'created_at', 'updated_at', 'primary_location_id']
         || jsonb_build_object(
             'location', private.location_path(p.yacht_id, p.primary_location_id))
     FROM public.pms_parts AS p
     WHERE p.part_number = 'PER-2645'),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'part_number', 'PER-2645', 'name', 'Oil filter',
        'description', 'Spin-on', 'manufacturer', 'Perkins', 'category', 'Engine',
        'unit', 'pcs', 'barcode', '5012345678900', 'min_level', 2, 'max_level', 8,
        'is_critical', true, 'deleted_at', NULL, 'is_active', true,
        'location', 'Tank deck / Cabinet 3 / Bin 1'),
    'A new part has all its fields and its place');
SELECT is(
    (SELECT tap.newest_movement(s.stock_id)
     FROM public.pms_inventory_stock AS s
     JOIN public.pms_parts AS p USING (yacht_id, part_id)
     WHERE p.part_number = 'PER-2645'),
    jsonb_build_object(
        'seq', 1, 'on_hand_before', 0, 'quantity_change', 6, 'on_hand_after', 6,
        'transaction_type', 'opening', 'actor_id', tap.id('purser'), 'actor_role', 'purser',
        'idempotency_key', 'good', 'notes', NULL, 'metadata', '{}'::jsonb,
        'signature', '{}'::jsonb, 'cached', 6),
    'An opening quantity is the opening movement of its stock');
SELECT is(
    (SELECT array_agg(s.quantity ORDER BY s.quantity)
     FROM public.pms_inventory_stock AS s
     JOIN public.pms_parts AS p USING (yacht_id, part_id)
     WHERE p.part_number IN ('PER-2646', 'CAT-77')),
    ARRAY[0, 3],
    'A location alone opens an empty stock; a part without a movement gets its opening');
SELECT is(
    (SELECT to_jsonb(p) - ARRAY['created_at', 'updated_at']
     FROM public.pms_parts AS p
     WHERE p.part_id = tap.id('filter')),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'part_id', tap.id('filter'), 'part_number', 'rac-2010',
        'name', 'Fuel filter', 'description', NULL, 'manufacturer', 'Racor', 'category', NULL,
        'unit', 'pcs', 'barcode', '4006633200103', 'min_level', 4, 'max_level', 20,
        'is_critical', true, 'primary_location_id', tap.id('locker 2'), 'deleted_at', NULL,
        'is_active', true),
    'A known part is found whatever the case, and what a row does not say stays');
SELECT is(
    (SELECT array_agg(s.quantity ORDER BY s.quantity)
     FROM public.pms_inventory_stock AS s
     WHERE s.part_id = tap.id('filter')),
    ARRAY[5, 10],
    'A part that has moved gets no opening');
SELECT is(
    ARRAY(SELECT private.location_path(l.yacht_id, l.location_id)
          FROM public.pms_part_locations AS l
          WHERE l.yacht_id = tap.id('yacht')
          ORDER BY 1),
    ARRAY['Attic', 'Engine room', 'Engine room / Locker 1', 'Engine room / Locker 2', 'Tank deck',
          'Tank deck / Cabinet 3', 'Tank deck / Cabinet 3 / Bin 1',
          'Tank deck / Cabinet 3 / Bin 2'],
    'Of a path only what is missing is made, whatever the case');

-- Once more.
SELECT is(
    (tap.trace('captain', 'import_parts', jsonb_build_object('p_rows', f.rows))
        -> 'answer') - ARRAY['success', 'action', 'dry_run', 'refused'],
    '{"rows": 6, "unchanged": 5, "locations_created": 0, "created": [], "updated": []}',
    'The same file again changes nothing, also for another person')
FROM pg_temp.file AS f;
SELECT is(
    tap.trace('captain', 'import_parts', jsonb_build_object('p_rows', f.rows)) -> 'changed',
    '["private.request_keys"]',
    'The same file again writes nothing but its key')
FROM pg_temp.file AS f;
SELECT is(
    (tap.call('captain', 'import_parts', jsonb_build_object(
        'p_rows', '[{"part_number": "PER-2645", "name": "Oil filter", "location": "Sun deck",
                     "opening_quantity": 6}]'::jsonb)) #> '{updated,0}') - 'part_id',
    '{"line": 1, "part_number": "PER-2645"}',
    'A new location moves the primary location of a part');
SELECT is(
    (SELECT array_agg(s.quantity ORDER BY s.quantity)
     FROM public.pms_inventory_stock AS s
     JOIN public.pms_parts AS p USING (yacht_id, part_id)
     WHERE p.part_number = 'PER-2645'),
    ARRAY[0, 6],
    'A new location in the file is no second opening');
SELECT is(
    tap.call('captain', 'import_parts', jsonb_build_object(
        'p_rows', '[{"part_number": "PER-2645", "name": "Oil filter", "description": null,
                     "manufacturer": "", "barcode": null, "min_level": null, "max_level": null,
                     "is_critical": null, "location": null, "opening_quantity": null}]'::jsonb))
        #>> '{updated,0,part_number}',
    'PER-2645',
    'Null and blank empty a field of a known part');
SELECT is(
    (SELECT to_jsonb(p) - ARRAY['part_id', 'yacht_id', 'created_at', 'updated_at', 'deleted_at',
                                'primary_location_id']
         || jsonb_build_object(
             'location', private.location_path(p.yacht_id, p.primary_location_id))
     FROM public.pms_parts AS p
     WHERE p.part_number = 'PER-2645'),
    '{"part_number": "PER-2645", "name": "Oil filter", "description": null, "manufacturer": null,
      "category": "Engine", "unit": "pcs", "barcode": null, "min_level": 0, "max_level": null,
      "is_critical": false, "is_active": true, "location": "Sun deck"}',
    'An emptied field has its default, and a null location leaves the part where it is');
SELECT is(
    tap.call('captain', 'import_parts', jsonb_build_object(
        'p_dry_run', true,
        'p_rows', (SELECT jsonb_agg(jsonb_build_object(
                       'part_number', 'M-' || n, 'name', 'Part ' || n))
                   FROM generate_series(1, 1000) AS g (n)))) -> 'rows',
    '1000',
    'A file may have 1000 rows');

SELECT tap.refuses(
    'captain', 'import_parts',
    '{"p_rows": [{"part_number": "R-1", "name": "Refused"}]}'::jsonb || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'An import is refused with ' || t.what)
FROM (VALUES
    ('{"p_rows": null}'::jsonb, 'p_rows', 'is required', 'no rows'),
    ('{"p_rows": {}}', 'p_rows', 'is not an array', 'an object for rows'),
    ('{"p_rows": "a,b"}', 'p_rows', 'is not an array', 'a text for rows'),
    ('{"p_rows": []}', 'p_rows', 'does not have 1 to 1000 rows', 'an empty file'),
    (jsonb_build_object('p_rows', array_fill('{}'::jsonb, ARRAY[1001])), 'p_rows',
     'does not have 1 to 1000 rows', '1001 rows'),
    ('{"p_dry_run": null}', 'p_dry_run', 'is null', 'neither a dry run nor a real one')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'import_parts',
    '{"p_rows": [{"part_number": "R-1", "name": "Refused"}], "p_idempotency_key": null}', 400,
    'missing_idempotency_key', NULL,
    'An import is refused without a key');

SELECT tap.is_gated(
    'import_parts', '{"p_rows": [{"part_number": "G-1", "name": "Gate"}]}', tap.heads());

SELECT * FROM finish();
ROLLBACK;
