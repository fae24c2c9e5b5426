BEGIN;
SELECT plan(67);
SELECT tap.fixture();

SELECT tap.is_rpc('update_part', ARRAY['uuid', 'uuid', 'jsonb', 'text'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-5"}';
SELECT is(
    tap.trace('chief_officer', 'update_part', jsonb_build_object(
        'p_part_id', tap.id('filter'),
        'p_changes', jsonb_build_object(
            'part_number', 'RAC-2011', 'name', ' Fuel filter ', 'description', 'Ten micron',
            'manufacturer', 'Parker', 'category', 'Fuel', 'unit', 'box',
            'barcode', '4006633200104', 'min_level', 5, 'max_level', 25, 'is_critical', false,
            'primary_location_id', tap.id('locker 2')))) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'update_part', 'part_id', tap.id('filter')),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.part_search', 'private.part_words', 'private.request_keys',
                         'public.pms_parts']),
    'A change of each field is answered with 200 and moves nothing');
SELECT is(
    (SELECT to_jsonb(p) - ARRAY['created_at', 'updated_at']
     FROM public.pms_parts AS p
     WHERE p.part_id = tap.id('filter')),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'part_id', tap.id('filter'), 'part_number', 'RAC-2011',
        'name', 'Fuel filter', 'description', 'Ten micron', 'manufacturer', 'Parker',
        'category', 'Fuel', 'unit', 'box', 'barcode', '4006633200104', 'min_level', 5,
        'max_level', 25, 'is_critical', false, 'primary_location_id', tap.id('locker 2'),
        'deleted_at', NULL, 'is_active', true),
    'Each field has its new value, without the blanks around it');
SELECT is(
    (SELECT p.updated_at > p.created_at
     FROM public.pms_parts AS p
     WHERE p.part_id = tap.id('filter')),
    true,
    'A change sets updated_at');
SELECT is(
    tap.newest_audit() #- '{metadata,changes}',
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('chief_officer'), 'role', 'chief_officer',
        'action', 'update_part', 'entity_type', 'part', 'entity_id', tap.id('filter'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "part", "request_id": "r-5"}'::jsonb),
    'A change is in the audit log');
SELECT is(
    tap.newest_audit() #> '{metadata,changes}',
    jsonb_build_object(
        'part_number', 'RAC-2011', 'name', 'Fuel filter', 'description', 'Ten micron',
        'manufacturer', 'Parker', 'category', 'Fuel', 'unit', 'box',
        'barcode', '4006633200104', 'min_level', 5, 'max_level', 25, 'is_critical', false,
        'primary_location_id', tap.id('locker 2')),
    'The audit row holds what was changed');
SELECT is(
    tap.trace('captain', 'update_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_changes', '{"name": "Fuel filter"}'::jsonb)) -> 'changed',
    '["private.request_keys"]',
    'A change to what is there already writes no part');
SELECT is(
    tap.call('captain', 'update_part', jsonb_build_object(
        'p_part_id', tap.id('filter'),
        'p_changes', '{"description": null, "manufacturer": "", "category": " ", "barcode": null,
                       "max_level": null, "min_level": null, "unit": null, "is_critical": null,
                       "primary_location_id": null}'::jsonb)) ->> 'success',
    'true',
    'Null and blank empty a field');
SELECT is(
    (SELECT to_jsonb(p) - ARRAY['yacht_id', 'part_id', 'created_at', 'updated_at', 'deleted_at']
     FROM public.pms_parts AS p
     WHERE p.part_id = tap.id('filter')),
    '{"part_number": "RAC-2011", "name": "Fuel filter", "description": null, "manufacturer": null,
      "category": null, "unit": "pcs", "barcode": null, "min_level": 0, "max_level": null,
      "is_critical": false, "primary_location_id": null, "is_active": true}',
    'An emptied field has its default, the others stay');
SELECT is(
    tap.trace('captain', 'update_part', jsonb_build_object(
        'p_part_id', tap.id('bolt'),
        'p_changes', jsonb_build_object('primary_location_id', tap.id('locker 2')))) -> 'changed',
    '["private.request_keys", "public.pms_inventory_stock", "public.pms_parts"]',
    'A new primary location gets an empty stock, and the words of the part stay');
SELECT is(
    tap.call('captain', 'update_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_changes', '{"part_number": "rac-2011"}'::jsonb))
        ->> 'success',
    'true',
    'A part may change the case of its own number');

SELECT tap.refuses(
    'captain', 'update_part',
    jsonb_build_object('p_part_id', tap.id('belt')) || t.argument, 400, 'invalid_argument',
    jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A change is refused with ' || t.what)
FROM (VALUES
    ('{"p_part_id": null, "p_changes": {"name": "X"}}'::jsonb, 'p_part_id', 'is required',
     'no part'),
    ('{}', 'p_changes', 'is required', 'no changes'),
    ('{"p_changes": {}}', 'p_changes', 'is not an object with changes', 'no change among them'),
    ('{"p_changes": []}', 'p_changes', 'is not an object with changes', 'an array'),
    ('{"p_changes": "name"}', 'p_changes', 'is not an object with changes', 'a text'),
    ('{"p_changes": {"name": null}}', 'p_changes.name', 'is missing', 'an emptied name'),
    ('{"p_changes": {"part_number": " "}}', 'p_changes.part_number', 'is missing',
     'an emptied number'),
    ('{"p_changes": {"name": 7}}', 'p_changes.name', 'is not a text', 'a name that is a number'),
    ('{"p_changes": {"colour": "red"}}', 'p_changes.colour', 'is not a field of a part',
     'an unknown field'),
    ('{"p_changes": {"deleted_at": null}}', 'p_changes.deleted_at', 'is not a field of a part',
     'a field that is not a client''s'),
    ('{"p_changes": {"is_critical": "yes"}}', 'p_changes.is_critical', 'is not true or false',
     'a text for a truth'),
    ('{"p_changes": {"min_level": "5"}}', 'p_changes.min_level',
     'is not a whole number from 0 to 1000000', 'a text for a level'),
    ('{"p_changes": {"min_level": 0.5}}', 'p_changes.min_level',
     'is not a whole number from 0 to 1000000', 'half a unit'),
    ('{"p_changes": {"min_level": 1e300}}', 'p_changes.min_level',
     'is not a whole number from 0 to 1000000', 'a level beyond all numbers'),
    ('{"p_changes": {"max_level": 1}}', 'p_changes.max_level', 'is below min_level',
     'a maximum below the minimum that the part has'),
    ('{"p_changes": {"min_level": 3, "max_level": 2}}', 'p_changes.max_level',
     'is below min_level', 'a maximum below the minimum beside it'),
    ('{"p_changes": {"primary_location_id": "locker"}}', 'p_changes.primary_location_id',
     'is not a UUID or null', 'a location that is no id'),
    ('{"p_changes": {"primary_location_id": 5}}', 'p_changes.primary_location_id',
     'is not a UUID or null', 'a location that is a number')
) AS t (argument, refused, reason, what);
SELECT is(
    tap.call('captain', 'update_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_changes', '{"max_level": 2}'::jsonb)) ->> 'success',
    'true',
    'A maximum may be the minimum');
SELECT tap.refuses(
    'captain', 'update_part',
    jsonb_build_object('p_part_id', tap.id('belt'), 'p_changes', '{"min_level": 3}'::jsonb),
    400, 'invalid_argument', '{"argument": "p_changes.max_level", "reason": "is below min_level"}',
    'A change is refused with a minimum above the maximum that the part has');
SELECT tap.refuses(
    'captain', 'update_part',
    jsonb_build_object('p_part_id', tap.id('belt'), 'p_changes', '{"name": "X"}'::jsonb,
                       'p_idempotency_key', NULL),
    400, 'missing_idempotency_key', NULL,
    'A change is refused without a key');
SELECT tap.refuses(
    'both', 'update_part',
    jsonb_build_object('p_part_id', tap.id(t.part), 'p_changes', '{"name": "X"}'::jsonb), t.status,
    t.code, jsonb_build_object('part_id', tap.id(t.part)),
    'A change is refused of ' || t.what)
FROM (VALUES
    ('no part', 404, 'part_not_found', 'a part that does not exist'),
    ('other filter', 404, 'part_not_found', 'a part of another yacht, also to a person of both'),
    ('relic', 409, 'part_deactivated', 'a deactivated part')
) AS t (part, status, code, what);
SELECT tap.refuses(
    'both', 'update_part',
    jsonb_build_object(
        'p_part_id', tap.id('belt'),
        'p_changes', jsonb_build_object('primary_location_id', tap.id(t.location))), t.status,
    t.code, jsonb_build_object('part_id', tap.id('belt'), 'location_id', tap.id(t.location)),
    'A change is refused to ' || t.what)
FROM (VALUES
    ('no location', 404, 'location_not_found', 'a location that does not exist'),
    ('other locker', 404, 'location_not_found', 'a location of another yacht'),
    ('attic', 409, 'location_deactivated', 'a deactivated location')
) AS t (location, status, code, what);
UPDATE public.pms_parts AS p
SET barcode = '4006633200103'
WHERE p.part_id = tap.id('seal');
SELECT tap.refuses(
    'captain', 'update_part',
    jsonb_build_object('p_part_id', tap.id('belt'), 'p_changes', t.changes), 409,
    'part_number_taken', t.changes,
    'A change is refused to ' || t.what)
FROM (VALUES
    ('{"part_number": "Rac-2011"}'::jsonb, 'the number of another part'),
    ('{"part_number": "OLD-1"}', 'the number of a deactivated part'),
    ('{"barcode": "4006633200103"}', 'the barcode of another part')
) AS t (changes, what);
SELECT is(
    tap.call('captain', 'update_part', jsonb_build_object(
        'p_part_id', tap.id('lamp'), 'p_changes', '{"name": "Port lamp"}'::jsonb)) ->> 'success',
    'true',
    'A part whose primary location is deactivated may change otherwise');

SELECT tap.is_gated(
    'update_part',
    jsonb_build_object('p_part_id', tap.id('belt'), 'p_changes', '{"name": "Belt"}'::jsonb),
    tap.heads());

SELECT * FROM finish();
ROLLBACK;
