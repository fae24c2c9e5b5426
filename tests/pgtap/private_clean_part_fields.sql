BEGIN;
SELECT plan(49);

SELECT is(
    (SELECT c.fields FROM private.clean_part_fields(t.given, t.also) AS c),
    t.fields,
    'Kept: ' || t.what)
FROM (VALUES
    ('{}'::jsonb, '{}'::text[], '{}'::jsonb, 'nothing'),
    ('{"part_number": "  A 1  ", "name": " N "}', '{}', '{"part_number": "A 1", "name": "N"}',
     'texts without the blanks around them'),
    ('{"description": " ", "manufacturer": "", "category": null, "barcode": "  "}', '{}',
     '{"description": null, "manufacturer": null, "category": null, "barcode": null}',
     'blank texts as null'),
    ('{"description": "Line\nbreak\ttab"}', '{}', '{"description": "Line\nbreak\ttab"}',
     'line breaks in a description'),
    ('{"unit": null}', '{}', '{"unit": "pcs"}', 'no unit as pieces'),
    ('{"unit": " "}', '{}', '{"unit": "pcs"}', 'a blank unit as pieces'),
    ('{"unit": "drum"}', '{}', '{"unit": "drum"}', 'a known unit'),
    ('{"min_level": null, "max_level": null}', '{}', '{"min_level": 0, "max_level": null}',
     'no levels as 0 and none'),
    ('{"min_level": 0, "max_level": 1000000}', '{}', '{"min_level": 0, "max_level": 1000000}',
     'levels at their limits'),
    ('{"min_level": 5.0, "max_level": 1e3}', '{}', '{"min_level": 5, "max_level": 1000}',
     'whole numbers however written'),
    ('{"max_level": 0}', '{}', '{"max_level": 0}', 'a maximum of 0 without a minimum'),
    ('{"min_level": 7, "max_level": 7}', '{}', '{"min_level": 7, "max_level": 7}', 'equal levels'),
    ('{"is_critical": null}', '{}', '{"is_critical": false}', 'no truth as false'),
    ('{"is_critical": true}', '{}', '{"is_critical": true}', 'a truth'),
    ('{"line": 5, "name": "N"}', '{line}', '{"name": "N"}', 'not what the caller checks itself')
) AS t (given, also, fields, what);

SELECT is(
    (SELECT jsonb_build_array(c.error_code, c.field, c.reason)
     FROM private.clean_part_fields(t.given) AS c),
    jsonb_build_array(t.code, t.field, t.reason),
    'Refused: ' || t.what)
FROM (VALUES
    ('{"part_number": null}'::jsonb, 'missing_part_number', 'part_number', 'is missing',
     'no number'),
    ('{"name": "   "}', 'missing_name', 'name', 'is missing', 'a blank name'),
    ('{"name": true}', 'invalid_value', 'name', 'is not a text', 'a truth for a text'),
    ('{"part_number": {}}', 'invalid_value', 'part_number', 'is not a text',
     'an object for a text'),
    (jsonb_build_object('unit', repeat('u', 21)), 'invalid_value', 'unit',
     'is longer than 20 characters', 'a unit of 21 characters'),
    ('{"barcode": "a\u0007b"}', 'invalid_value', 'barcode', 'holds a control character', 'a bell'),
    ('{"name": "a\u0085b"}', 'invalid_value', 'name', 'holds a control character',
     'a control character outside ASCII'),
    ('{"min_level": true}', 'invalid_level', 'min_level',
     'is not a whole number from 0 to 1000000', 'a truth for a level'),
    ('{"max_level": -0.5}', 'invalid_level', 'max_level',
     'is not a whole number from 0 to 1000000', 'less than nothing'),
    ('{"min_level": 1000000.5}', 'invalid_level', 'min_level',
     'is not a whole number from 0 to 1000000', 'half a unit over the limit'),
    ('{"min_level": 3, "max_level": 2}', 'invalid_level', 'max_level', 'is below min_level',
     'a maximum below the minimum'),
    ('{"is_critical": 1}', 'invalid_value', 'is_critical', 'is not true or false',
     'a number for a truth'),
    ('{"": 1}', 'unknown_key', '', 'is not a field of a part', 'a key without a name'),
    ('{"yacht_id": "x"}', 'unknown_key', 'yacht_id', 'is not a field of a part',
     'a column that is not a client''s'),
    ('{"a": 1, "name": null}', 'unknown_key', 'a', 'is not a field of a part',
     'the first in order of the keys')
) AS t (given, code, field, reason, what);
SELECT is(
    (SELECT c.error_code FROM private.clean_part_fields(jsonb_build_object('unit', u.unit)) AS c),
    NULL,
    format('The unit %s is known', u.unit))
FROM unnest(private.units()) AS u (unit);
SELECT is(
    private.units(),
    ARRAY['pcs', 'set', 'pair', 'kit', 'box', 'pack', 'roll', 'can', 'bottle', 'tin', 'tube', 'bag',
          'drum', 'l', 'ml', 'kg', 'g', 'm'],
    'These are the units');

SELECT * FROM finish();
ROLLBACK;
