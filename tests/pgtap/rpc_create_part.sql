BEGIN;
SELECT plan(80);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'create_part',
    ARRAY['uuid', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'integer',
          'integer', 'boolean', 'uuid', 'integer'],
    'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-4"}';
CREATE TEMPORARY TABLE first AS
SELECT tap.trace('eto', 'create_part', jsonb_build_object(
    'p_part_number', ' VOL-3583443 ', 'p_name', ' Impeller ', 'p_idempotency_key', 'first',
    'p_description', E'Six blades,\nneoprene', 'p_manufacturer', 'Volvo Penta',
    'p_category', 'Cooling', 'p_unit', 'kit', 'p_barcode', '7391739173917', 'p_min_level', 2,
    'p_max_level', 6, 'p_is_critical', true, 'p_primary_location_id', tap.id('locker 1'),
    'p_opening_quantity', 5)) AS call;
SELECT is(
    (SELECT (f.call -> 'answer') - ARRAY['part_id', 'stock_id', 'transaction_id']
     FROM pg_temp.first AS f),
    '{"success": true, "action": "create_part", "on_hand": 5}',
    'A new part is answered with its ids and what is on hand');
SELECT is(
    (SELECT f.call - ARRAY['answer', 'audit'] FROM pg_temp.first AS f),
    '{"status": 201, "denied": 0,
      "changed": ["private.part_search", "private.part_words", "private.request_keys",
                  "public.pms_inventory_stock", "public.pms_inventory_transactions",
                  "public.pms_parts"]}',
    'A new part is answered with 201, and is written with its stock and its words');
SELECT is(
    (SELECT to_jsonb(p) - ARRAY['created_at', 'updated_at']
     FROM public.pms_parts AS p
     WHERE p.part_number = 'VOL-3583443'),
    (SELECT jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'part_id', f.call #> '{answer,part_id}',
        'part_number', 'VOL-3583443', 'name', 'Impeller',
        'description', E'Six blades,\nneoprene', 'manufacturer', 'Volvo Penta',
        'category', 'Cooling', 'unit', 'kit', 'barcode', '7391739173917', 'min_level', 2,
        'max_level', 6, 'is_critical', true, 'primary_location_id', tap.id('locker 1'),
        'deleted_at', NULL, 'is_active', true)
     FROM pg_temp.first AS f),
    'A new part has all its fields, without the blanks around them');
SELECT is(
    (SELECT tap.newest_movement((f.call #>> '{answer,stock_id}')::uuid) FROM pg_temp.first AS f),
    jsonb_build_object(
        'seq', 1, 'on_hand_before', 0, 'quantity_change', 5, 'on_hand_after', 5,
        'transaction_type', 'opening', 'actor_id', tap.id('eto'), 'actor_role', 'eto',
        'idempotency_key', 'first', 'notes', NULL, 'metadata', '{}'::jsonb,
        'signature', '{}'::jsonb, 'cached', 5),
    'An opening quantity is the opening movement of its stock');
SELECT is(
    (SELECT jsonb_build_object('location_id', s.location_id, 'transaction_id', t.transaction_id)
     FROM pg_temp.first AS f
     JOIN public.pms_inventory_stock AS s
         ON s.part_id = (f.call #>> '{answer,part_id}')::uuid
     JOIN public.pms_inventory_transactions AS t
         ON t.yacht_id = s.yacht_id
        AND t.stock_id = s.stock_id),
    (SELECT jsonb_build_object('location_id', tap.id('locker 1'),
                               'transaction_id', f.call #> '{answer,transaction_id}')
     FROM pg_temp.first AS f),
    'The stock is at the primary location, and the transaction of the answer is its opening');
SELECT is(
    tap.newest_audit(),
    (SELECT jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('eto'), 'role', 'eto',
        'action', 'create_part', 'entity_type', 'part',
        'entity_id', f.call #> '{answer,part_id}', 'outcome', 'ok', 'error_code', NULL,
        'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "part", "request_id": "r-4"}'::jsonb)
     FROM pg_temp.first AS f),
    'A new part is in the audit log');
SELECT is(
    tap.call('captain', 'create_part', '{"p_part_number": "N-1", "p_name": "Nut"}') - 'part_id',
    '{"success": true, "action": "create_part", "on_hand": 0, "stock_id": null,
      "transaction_id": null}',
    'Number and name are enough; without a location there is no stock');
SELECT is(
    (SELECT to_jsonb(p)
         - ARRAY['part_id', 'yacht_id', 'created_at', 'updated_at', 'deleted_at', 'is_active']
     FROM public.pms_parts AS p
     WHERE p.part_number = 'N-1'),
    '{"part_number": "N-1", "name": "Nut", "description": null, "manufacturer": null,
      "category": null, "unit": "pcs", "barcode": null, "min_level": 0, "max_level": null,
      "is_critical": false, "primary_location_id": null}',
    'What is not given has its default');
SELECT is(
    (tap.call('captain', 'create_part', jsonb_build_object(
        'p_part_number', 'N-2', 'p_name', 'Nut', 'p_primary_location_id', tap.id('locker 2')))
        ->> 'stock_id') IS NOT NULL,
    true,
    'A primary location alone opens an empty stock');
SELECT is(
    tap.call('captain', 'create_part', jsonb_build_object(
        'p_part_number', 'L-' || row_number() OVER (), 'p_name', 'Limit') || t.argument)
        ->> 'success',
    'true',
    'A part may have ' || t.what)
FROM (VALUES
    (jsonb_build_object('p_part_number', repeat('9', 100)), 'a number of 100 characters'),
    (jsonb_build_object('p_name', repeat('n', 200)), 'a name of 200 characters'),
    (jsonb_build_object('p_description', repeat('d', 4000)), 'a description of 4000 characters'),
    (jsonb_build_object('p_manufacturer', repeat('m', 200)), 'a maker of 200 characters'),
    (jsonb_build_object('p_category', repeat('c', 100)), 'a category of 100 characters'),
    (jsonb_build_object('p_barcode', repeat('b', 100)), 'a barcode of 100 characters'),
    ('{"p_barcode": "", "p_category": "  "}'::jsonb, 'blank texts, which are none'),
    ('{"p_unit": null, "p_min_level": null, "p_is_critical": null}', 'nulls, which are defaults'),
    ('{"p_min_level": 1000000, "p_max_level": 1000000}', 'levels of 1000000'),
    ('{"p_min_level": 0, "p_max_level": 0}', 'levels of 0'),
    (jsonb_build_object('p_opening_quantity', 1000000, 'p_primary_location_id', tap.id('locker 2')),
     'an opening quantity of 1000000')
) AS t (argument, what);
SELECT is(
    tap.call('stranger', 'create_part', jsonb_build_object(
        'p_yacht_id', tap.id('other yacht'), 'p_part_number', 'VOL-3583443', 'p_name', 'Impeller',
        'p_barcode', '7391739173917', 'p_idempotency_key', 'first')) ->> 'success',
    'true',
    'Part number, barcode and key of one yacht are free on another');

SELECT tap.refuses(
    'captain', 'create_part',
    '{"p_part_number": "R-1", "p_name": "Refused"}'::jsonb || t.argument, 400,
    'invalid_argument',
    jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A new part is refused with ' || t.what)
FROM (VALUES
    ('{"p_part_number": null}'::jsonb, 'p_part_number', 'is required', 'no number'),
    ('{"p_part_number": "  "}', 'p_part_number', 'is missing', 'a blank number'),
    ('{"p_name": null}', 'p_name', 'is required', 'no name'),
    ('{"p_name": ""}', 'p_name', 'is missing', 'an empty name'),
    (jsonb_build_object('p_part_number', repeat('9', 101)), 'p_part_number',
     'is longer than 100 characters', 'a number of 101 characters'),
    (jsonb_build_object('p_name', repeat('n', 201)), 'p_name', 'is longer than 200 characters',
     'a name of 201 characters'),
    (jsonb_build_object('p_description', repeat('d', 4001)), 'p_description',
     'is longer than 4000 characters', 'a description of 4001 characters'),
    (jsonb_build_object('p_manufacturer', repeat('m', 201)), 'p_manufacturer',
     'is longer than 200 characters', 'a maker of 201 characters'),
    (jsonb_build_object('p_category', repeat('c', 101)), 'p_category',
     'is longer than 100 characters', 'a category of 101 characters'),
    (jsonb_build_object('p_barcode', repeat('b', 101)), 'p_barcode',
     'is longer than 100 characters', 'a barcode of 101 characters'),
    (jsonb_build_object('p_part_number', E'A\tB'), 'p_part_number', 'holds a control character',
     'a tab in its number'),
    (jsonb_build_object('p_name', E'A\nB'), 'p_name', 'holds a control character',
     'a line break in its name'),
    ('{"p_unit": "gallon"}', 'p_unit',
     'is none of ' || array_to_string(private.units(), ', '),
     'an unknown unit'),
    ('{"p_min_level": -1}', 'p_min_level', 'is not a whole number from 0 to 1000000',
     'a negative minimum'),
    ('{"p_min_level": 1000001}', 'p_min_level', 'is not a whole number from 0 to 1000000',
     'a minimum of 1000001'),
    ('{"p_max_level": -1}', 'p_max_level', 'is not a whole number from 0 to 1000000',
     'a negative maximum'),
    ('{"p_max_level": 1000001}', 'p_max_level', 'is not a whole number from 0 to 1000000',
     'a maximum of 1000001'),
    ('{"p_min_level": 3, "p_max_level": 2}', 'p_max_level', 'is below min_level',
     'a maximum below the minimum'),
    ('{"p_opening_quantity": 1}', 'p_primary_location_id',
     'is required for an opening quantity', 'an opening quantity that lies nowhere')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'create_part',
    jsonb_build_object('p_part_number', 'R-1', 'p_name', 'Refused', 'p_opening_quantity', t.opening,
                       'p_primary_location_id', tap.id('locker 1')),
    400, 'invalid_quantity',
    jsonb_build_object('argument', 'p_opening_quantity', 'quantity', t.opening),
    format('A new part is refused with an opening quantity of %s',
           coalesce(t.opening::text, 'NULL')))
FROM (VALUES (-1), (1000001), (NULL)) AS t (opening);
SELECT tap.refuses(
    'captain', 'create_part',
    jsonb_build_object('p_part_number', 'R-1', 'p_name', 'Refused', 'p_idempotency_key', t.key),
    400, 'missing_idempotency_key', NULL,
    'A new part is refused with ' || t.what)
FROM (VALUES
    (NULL, 'no key'), ('', 'an empty key'), (repeat('k', 256), 'a key of 256 characters')
) AS t (key, what);
SELECT tap.refuses(
    'both', 'create_part',
    jsonb_build_object('p_part_number', 'R-1', 'p_name', 'Refused',
                       'p_primary_location_id', tap.id(t.location)),
    t.status, t.code, jsonb_build_object('location_id', tap.id(t.location)),
    'A new part is refused at ' || t.what)
FROM (VALUES
    ('no location', 404, 'location_not_found', 'a location that does not exist'),
    ('other locker', 404, 'location_not_found', 'a location of another yacht'),
    ('attic', 409, 'location_deactivated', 'a deactivated location')
) AS t (location, status, code, what);
SELECT tap.refuses(
    'captain', 'create_part',
    jsonb_build_object('p_part_number', t.number, 'p_name', 'Refused', 'p_barcode', t.barcode,
                       'p_primary_location_id', tap.id('locker 1'), 'p_opening_quantity', 1),
    409, 'part_number_taken',
    jsonb_build_object('part_number', t.number, 'barcode', t.barcode),
    'A new part is refused with the ' || t.what)
FROM (VALUES
    ('RAC-2010', NULL, 'number of another part'),
    ('rac-2010', NULL, 'number of another part in other case'),
    ('OLD-1', NULL, 'number of a deactivated part'),
    ('R-1', '4006633200103', 'barcode of another part')
) AS t (number, barcode, what);

SELECT tap.is_gated(
    'create_part', '{"p_part_number": "G-1", "p_name": "Gate"}', tap.heads());

-- Somebody deactivates the location while the part is being made.
CREATE FUNCTION pg_temp.deactivate()
    RETURNS trigger
    LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE public.pms_part_locations AS l
    SET deleted_at = now()
    WHERE l.location_id = tap.id('locker 2');
    RETURN NULL;
END
$function$;
CREATE TRIGGER t99_deactivate
    AFTER INSERT ON public.pms_parts
    FOR EACH ROW
    EXECUTE FUNCTION pg_temp.deactivate();
SELECT tap.refuses(
    'captain', 'create_part',
    jsonb_build_object(
        'p_part_number', 'R-1', 'p_name', 'Race', 'p_primary_location_id', tap.id('locker 2'),
        'p_opening_quantity', 1),
    409, 'location_deactivated', jsonb_build_object('location_id', tap.id('locker 2')),
    'A part at a location that is deactivated at the same moment is not made by half');

SELECT * FROM finish();
ROLLBACK;
