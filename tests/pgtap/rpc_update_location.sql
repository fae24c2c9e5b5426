BEGIN;
SELECT plan(58);
SELECT tap.fixture();

SELECT tap.is_rpc('update_location', ARRAY['uuid', 'uuid', 'jsonb', 'text'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-7"}';
SELECT is(
    tap.trace('captain', 'update_location', jsonb_build_object(
        'p_location_id', tap.id('locker 1'), 'p_changes', '{"name": " Port locker "}'::jsonb))
        - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'update_location', 'location_id', tap.id('locker 1'),
            'path', 'Engine room / Port locker'),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_part_locations']),
    'A new name is answered with 200 and the new path; the place in the tree stays');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('captain'), 'role', 'captain',
        'action', 'update_location', 'entity_type', 'location',
        'entity_id', tap.id('locker 1'), 'outcome', 'ok', 'error_code', NULL,
        'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "location", "request_id": "r-7",
                      "changes": {"name": " Port locker "}}'::jsonb),
    'A new name is in the audit log');
SELECT is(
    tap.call('captain', 'update_location', jsonb_build_object(
        'p_location_id', tap.id('locker 1'),
        'p_changes', jsonb_build_object('parent_location_id', tap.id('locker 2')))) ->> 'path',
    'Engine room / Locker 2 / Port locker',
    'A location moves with its name');
SELECT is(
    tap.call('captain', 'update_location', jsonb_build_object(
        'p_location_id', tap.id('locker 2'),
        'p_changes', '{"parent_location_id": null, "name": "Locker 9"}'::jsonb)) ->> 'path',
    'Locker 9',
    'A null parent makes a root, and both changes go together');
SELECT is(
    private.location_path(tap.id('yacht'), tap.id('locker 1')),
    'Locker 9 / Port locker',
    'What is in a location moves with it');
SELECT is(
    tap.call('captain', 'update_location', jsonb_build_object(
        'p_location_id', tap.id('locker 1'), 'p_changes', '{"name": "PORT locker"}'::jsonb))
        ->> 'path',
    'Locker 9 / PORT locker',
    'A location may change the case of its own name');
SELECT is(
    (SELECT l.updated_at > l.created_at
     FROM public.pms_part_locations AS l
     WHERE l.location_id = tap.id('locker 1')),
    true,
    'A change sets updated_at');

SELECT tap.refuses(
    'captain', 'update_location',
    jsonb_build_object('p_location_id', tap.id('locker 2')) || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A change is refused with ' || t.what)
FROM (VALUES
    ('{"p_location_id": null, "p_changes": {"name": "X"}}'::jsonb, 'p_location_id', 'is required',
     'no location'),
    ('{}', 'p_changes', 'is required', 'no changes'),
    ('{"p_changes": {}}', 'p_changes', 'is not an object with changes', 'no change among them'),
    ('{"p_changes": []}', 'p_changes', 'is not an object with changes', 'an array'),
    ('{"p_changes": {"name": "X", "deleted_at": null}}', 'p_changes',
     'takes name and parent_location_id, nothing else', 'an unknown key'),
    ('{"p_changes": {"name": 7}}', 'p_changes.name', 'is not a text', 'a name that is a number'),
    ('{"p_changes": {"name": null}}', 'p_changes.name', 'is not a text', 'a null name'),
    ('{"p_changes": {"name": " "}}', 'p_changes.name', 'is required', 'a blank name'),
    (jsonb_build_object('p_changes', jsonb_build_object('name', repeat('n', 201))),
     'p_changes.name', 'is longer than 200 characters', 'a name of 201 characters'),
    ('{"p_changes": {"name": "A / B"}}', 'p_changes.name',
     'holds " / ", which separates the names of a path', 'a path for a name'),
    (jsonb_build_object('p_changes', jsonb_build_object('name', E'A\tB')), 'p_changes.name',
     'holds a control character', 'a tab in its name'),
    ('{"p_changes": {"parent_location_id": "deck"}}', 'p_changes.parent_location_id',
     'is not a UUID or null', 'a parent that is no id'),
    ('{"p_changes": {"parent_location_id": 5}}', 'p_changes.parent_location_id',
     'is not a UUID or null', 'a parent that is a number'),
    (jsonb_build_object('p_changes', jsonb_build_object('parent_location_id', tap.id('locker 2'))),
     'p_changes.parent_location_id', 'lies within the location itself', 'itself as parent'),
    (jsonb_build_object('p_changes', jsonb_build_object('parent_location_id', tap.id('locker 1'))),
     'p_changes.parent_location_id', 'lies within the location itself',
     'a parent that lies within it')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'update_location',
    jsonb_build_object('p_location_id', tap.id('locker 2'), 'p_changes', '{"name": "X"}'::jsonb,
                       'p_idempotency_key', NULL),
    400, 'missing_idempotency_key', NULL,
    'A change is refused without a key');
SELECT tap.refuses(
    'both', 'update_location',
    jsonb_build_object('p_location_id', tap.id(t.location), 'p_changes', '{"name": "X"}'::jsonb),
    t.status, t.code, jsonb_build_object('location_id', tap.id(t.location)),
    'A change is refused of ' || t.what)
FROM (VALUES
    ('no location', 404, 'location_not_found', 'a location that does not exist'),
    ('other locker', 404, 'location_not_found', 'a location of another yacht'),
    ('attic', 409, 'location_deactivated', 'a deactivated location')
) AS t (location, status, code, what);
SELECT tap.refuses(
    'both', 'update_location',
    jsonb_build_object(
        'p_location_id', tap.id('locker 1'),
        'p_changes', jsonb_build_object('parent_location_id', tap.id(t.location))),
    t.status, t.code,
    jsonb_build_object('location_id', tap.id('locker 1'), 'parent_location_id', tap.id(t.location)),
    'A change is refused into ' || t.what)
FROM (VALUES
    ('no location', 404, 'location_not_found', 'a location that does not exist'),
    ('other locker', 404, 'location_not_found', 'a location of another yacht'),
    ('attic', 409, 'location_deactivated', 'a deactivated location')
) AS t (location, status, code, what);
SELECT tap.refuses(
    'captain', 'update_location',
    jsonb_build_object('p_location_id', tap.id('locker 2'), 'p_changes', t.changes), 409,
    'location_name_taken', t.changes,
    'A change is refused to the name of ' || t.what)
FROM (VALUES
    ('{"name": "engine ROOM"}'::jsonb, 'another in its parent'),
    ('{"name": "Attic"}', 'a deactivated location')
) AS t (changes, what);
UPDATE public.pms_part_locations AS l
SET name = 'Engine room'
WHERE l.location_id = tap.id('locker 1');
SELECT tap.refuses(
    'captain', 'update_location',
    jsonb_build_object('p_location_id', tap.id('locker 1'),
                       'p_changes', '{"parent_location_id": null}'::jsonb), 409,
    'location_name_taken', '{"parent_location_id": null}',
    'A change is refused into a parent that has the name already');

SELECT tap.is_gated(
    'update_location',
    jsonb_build_object('p_location_id', tap.id('locker 2'), 'p_changes', '{"name": "L"}'::jsonb),
    tap.heads());

SELECT * FROM finish();
ROLLBACK;
