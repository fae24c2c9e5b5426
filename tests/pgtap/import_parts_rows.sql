BEGIN;
SELECT plan(53);
SELECT tap.fixture();

-- Each row stands between two good ones, which it must not cost.
SELECT is(
    (tap.trace('captain', 'import_parts', jsonb_build_object(
        'p_dry_run', true,
        'p_rows', jsonb_build_array(
            '{"line": 10, "part_number": "A-GOOD", "name": "Good"}'::jsonb,
            t.row,
            '{"line": 30, "part_number": "Z-GOOD", "name": "Good"}'::jsonb))) -> 'answer')
        #- '{created,0,part_id}' #- '{created,1,part_id}',
    jsonb_build_object(
        'success', true, 'action', 'import_parts', 'dry_run', true, 'rows', 3, 'unchanged', 0,
        'locations_created', 0, 'updated', '[]'::jsonb,
        'created', '[{"line": 10, "part_number": "A-GOOD"},
                     {"line": 30, "part_number": "Z-GOOD"}]'::jsonb,
        'refused', jsonb_build_array(jsonb_build_object(
            'line', coalesce(t.row -> 'line', '2'), 'code', t.code, 'field', t.field,
            'reason', t.reason))),
    format('%s refuses %s', t.code, t.what))
FROM (VALUES
    ('{"line": 20, "name": "X"}'::jsonb, 'missing_part_number', 'part_number', 'is missing',
     'a row without a number'),
    ('{"line": 20, "part_number": null, "name": "X"}', 'missing_part_number', 'part_number',
     'is missing', 'a null number'),
    ('{"line": 20, "part_number": "  ", "name": "X"}', 'missing_part_number', 'part_number',
     'is missing', 'a blank number'),
    ('{"line": 20}', 'missing_name', 'name', 'is missing', 'a row with neither'),
    ('{}', 'missing_name', 'name', 'is missing', 'an empty row'),
    ('{"line": 20, "part_number": "N-1"}', 'missing_name', 'name', 'is missing',
     'a row without a name'),
    ('{"line": 20, "part_number": "N-1", "name": ""}', 'missing_name', 'name', 'is missing',
     'an empty name'),
    ('{"line": 20, "part_number": 2645, "name": "X"}', 'invalid_value', 'part_number',
     'is not a text', 'a number that is no text'),
    ('{"line": 20, "part_number": "N-1", "name": ["X"]}', 'invalid_value', 'name',
     'is not a text', 'an array for a name'),
    (jsonb_build_object('line', 20, 'part_number', repeat('9', 101), 'name', 'X'),
     'invalid_value', 'part_number', 'is longer than 100 characters', 'a number of 101 characters'),
    (jsonb_build_object('line', 20, 'part_number', 'N-1', 'name', repeat('n', 201)),
     'invalid_value', 'name', 'is longer than 200 characters', 'a name of 201 characters'),
    (jsonb_build_object('line', 20, 'part_number', 'N-1', 'name', E'A\x01B'), 'invalid_value',
     'name', 'holds a control character', 'a control character'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "is_critical": "yes"}', 'invalid_value',
     'is_critical', 'is not true or false', 'a text for a truth'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "min_level": -1}', 'invalid_level',
     'min_level', 'is not a whole number from 0 to 1000000', 'a negative level'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "max_level": 1000001}', 'invalid_level',
     'max_level', 'is not a whole number from 0 to 1000000', 'a level of 1000001'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "min_level": 1.5}', 'invalid_level',
     'min_level', 'is not a whole number from 0 to 1000000', 'half a unit as level'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "min_level": "5"}', 'invalid_level',
     'min_level', 'is not a whole number from 0 to 1000000', 'a text for a level'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "min_level": 5, "max_level": 4}',
     'invalid_level', 'max_level', 'is below min_level', 'a maximum below the minimum'),
    ('{"line": 20, "part_number": "RAC-2010", "name": "X", "max_level": 3}', 'invalid_level',
     'max_level', 'is below min_level', 'a maximum below the minimum that the part has'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "unit": "gallon"}', 'unknown_unit', 'unit',
     'is none of ' || array_to_string(private.units(), ', '),
     'an unknown unit'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "colour": "red"}', 'unknown_key', 'colour',
     'is not a field of a part', 'an unknown field'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "primary_location_id": null}',
     'unknown_key', 'primary_location_id', 'is not a field of a part',
     'a field of another RPC'),
    ('5', 'invalid_row', NULL, 'is not an object', 'a number for a row'),
    ('null', 'invalid_row', NULL, 'is not an object', 'a null for a row'),
    ('"N-1"', 'invalid_row', NULL, 'is not an object', 'a text for a row'),
    ('["part_number"]', 'invalid_row', NULL, 'is not an object', 'an array for a row'),
    ('{"line": 20, "part_number": " a-good ", "name": "X"}', 'duplicate_line', 'part_number',
     'stands on an earlier line of the file too', 'a part that stands on an earlier line'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "barcode": "4006633200103"}',
     'duplicate_barcode', 'barcode', 'belongs to another part', 'the barcode of another part'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "location": "New deck",
       "barcode": "4006633200103"}',
     'duplicate_barcode', 'barcode', 'belongs to another part',
     'it at a new location, which is not made'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "location": "Attic", "opening_quantity": -1}',
     'invalid_quantity', 'opening_quantity', 'is not a whole number from 0 to 1000000',
     'a negative opening'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "opening_quantity": 1.5}',
     'invalid_quantity', 'opening_quantity', 'is not a whole number from 0 to 1000000',
     'half a unit as opening'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "opening_quantity": 1000001}',
     'invalid_quantity', 'opening_quantity', 'is not a whole number from 0 to 1000000',
     'an opening of 1000001'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "opening_quantity": 1e300}',
     'invalid_quantity', 'opening_quantity', 'is not a whole number from 0 to 1000000',
     'an opening beyond all numbers'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "opening_quantity": "5"}',
     'invalid_quantity', 'opening_quantity', 'is not a whole number from 0 to 1000000',
     'a text for an opening'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "opening_quantity": 5}',
     'invalid_location', 'location', 'is missing: an opening quantity lies somewhere',
     'an opening that lies nowhere'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "location": "Deck /  / Bin"}',
     'invalid_location', 'location', 'is not a path of names separated by " / "',
     'a path with a gap'),
    (jsonb_build_object('line', 20, 'part_number', 'N-1', 'name', 'X',
                        'location', 'Deck / ' || repeat('n', 201)),
     'invalid_location', 'location', 'is not a path of names separated by " / "',
     'a name of 201 characters in a path'),
    (jsonb_build_object('line', 20, 'part_number', 'N-1', 'name', 'X', 'location', E'Deck / A\tB'),
     'invalid_location', 'location', 'is not a path of names separated by " / "',
     'a control character in a path'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "location": 5}', 'invalid_location',
     'location', 'is not a text', 'a number for a path'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "location": {"deck": 5}}',
     'invalid_location', 'location', 'is not a text', 'an object for a path'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "location": "Attic"}',
     'location_deactivated', 'location', 'is deactivated', 'a deactivated location'),
    ('{"line": 20, "part_number": "N-1", "name": "X", "location": "Attic / Shelf"}',
     'location_deactivated', 'location', 'is deactivated', 'a place in a deactivated location'),
    ('{"line": 20, "part_number": "OLD-1", "name": "X"}', 'part_deactivated', 'part_number',
     'belongs to a deactivated part', 'a deactivated part')
) AS t (row, code, field, reason, what);

SELECT is(
    (SELECT jsonb_agg(jsonb_build_array(r.row -> 'line', r.row -> 'code') ORDER BY r.ordinality)
     FROM jsonb_array_elements(tap.call('captain', 'import_parts', jsonb_build_object(
         'p_rows', '[{"name": "A"}, {"part_number": "B-1"}, {"name": "C"},
                     {"part_number": "B-1", "name": "B"}, {"part_number": "b-1", "name": "B"},
                     {"part_number": "B-2", "name": "B", "barcode": "99"},
                     {"part_number": "B-3", "name": "B", "barcode": "99"}]'::jsonb))
         -> 'refused') WITH ORDINALITY AS r (row)),
    '[[1, "missing_part_number"], [2, "missing_name"], [3, "missing_part_number"],
      [4, "duplicate_line"], [5, "duplicate_line"], [7, "duplicate_barcode"]]',
    'Refused rows come by line; a number counts once though its first row was refused');
SELECT is(
    tap.call('captain', 'import_parts', jsonb_build_object(
        'p_rows', jsonb_build_array(jsonb_build_object(
            'line', t.line, 'part_number', 'OLD-1', 'name', 'X')))) #> '{refused,0,line}',
    '1'::jsonb,
    format('A line that is %s is the position', t.line))
FROM (VALUES ('null'::jsonb)) AS t (line);
SELECT is(
    tap.call('captain', 'import_parts', jsonb_build_object(
        'p_rows', '[{"part_number": "U-1", "name": "X", "unit": "KIT"}]'::jsonb))
        #>> '{refused,0,code}',
    'unknown_unit',
    'Units are known in small letters');
SELECT is(
    (tap.call('captain', 'import_parts', jsonb_build_object(
        'p_rows', '[{"part_number": "M8-40", "name": "Hex bolt M8"}]'::jsonb))) -> 'unchanged',
    '1',
    'A row without a unit leaves that of a known part');
SELECT is(
    tap.call('captain', 'import_parts', jsonb_build_object(
        'p_rows', '[{"part_number": "W-1", "name": "W", "location": "  Hold  /  Rack 1  ",
                     "opening_quantity": 1000000}]'::jsonb)) -> 'locations_created',
    '2',
    'A path may have blanks around its names, and an opening may be 1000000');
SELECT is(
    ARRAY(SELECT private.location_path(s.yacht_id, s.location_id) || ': ' || s.quantity
          FROM public.pms_inventory_stock AS s
          JOIN public.pms_parts AS p USING (yacht_id, part_id)
          WHERE p.part_number = 'W-1'),
    ARRAY['Hold / Rack 1: 1000000'],
    'The names of a path are kept without the blanks around them');
SELECT is(
    (tap.call('captain', 'import_parts', jsonb_build_object(
        'p_rows', '[{"part_number": "W-2", "name": "W", "location": "Refused deck",
                     "barcode": "4006633200103"},
                    {"part_number": "W-3", "name": "W", "location": "Refused deck"}]'::jsonb)))
        -> 'locations_created',
    '1',
    'A location that only a refused row needed is made by the next row that needs it');
SELECT is_empty(
    $$SELECT p.part_id FROM public.pms_parts AS p WHERE p.part_number = 'W-2'$$,
    'Nothing of a refused row stays');
SELECT is(
    jsonb_array_length(tap.call('stranger', 'import_parts', jsonb_build_object(
        'p_yacht_id', tap.id('other yacht'),
        'p_rows', '[{"part_number": "OLD-1", "name": "Loran", "barcode": "4006633200199",
                     "location": "Attic"}]'::jsonb)) -> 'created'),
    1,
    'Numbers, barcodes and places of one yacht do not refuse a row of another');

-- Somebody deactivates a location while a row is being imported.
CREATE FUNCTION pg_temp.deactivate()
    RETURNS trigger
    LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE public.pms_part_locations AS l
    SET deleted_at = now()
    WHERE l.location_id = NEW.location_id
      AND l.name = 'Race';
    RETURN NULL;
END
$function$;
CREATE TRIGGER t99_deactivate
    AFTER INSERT ON public.pms_inventory_stock
    FOR EACH ROW
    EXECUTE FUNCTION pg_temp.deactivate();
CREATE TEMPORARY TABLE race AS
SELECT tap.call('captain', 'import_parts', jsonb_build_object(
    'p_rows', '[{"part_number": "Y-1", "name": "Good", "location": "Calm", "opening_quantity": 1},
                {"part_number": "Y-2", "name": "Bad", "location": "Race",
                 "opening_quantity": 1}]'::jsonb)) AS answer;
SELECT is(
    (SELECT jsonb_build_object(
        'created', jsonb_array_length(r.answer -> 'created'), 'code', r.answer #> '{refused,0,code}')
     FROM pg_temp.race AS r),
    '{"created": 1, "code": "location_deactivated"}',
    'A location that is deactivated at the same moment refuses its row, not the file');

SELECT * FROM finish();
ROLLBACK;
