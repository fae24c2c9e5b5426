BEGIN;
SELECT plan(48);
SELECT tap.fixture();

SELECT tap.is_rpc('create_location', ARRAY['uuid', 'text', 'text', 'uuid'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-6"}';
CREATE TEMPORARY TABLE first AS
SELECT tap.trace('chief_steward', 'create_location', jsonb_build_object(
    'p_name', ' Bin A ', 'p_parent_location_id', tap.id('locker 1'))) AS call;
SELECT is(
    (SELECT (f.call - 'audit') #- '{answer,location_id}' FROM pg_temp.first AS f),
    '{"answer": {"success": true, "action": "create_location",
                 "path": "Engine room / Locker 1 / Bin A"},
      "status": 201, "denied": 0,
      "changed": ["private.request_keys", "public.pms_part_locations"]}',
    'A new location is answered with 201 and its path');
SELECT is(
    (SELECT to_jsonb(l) - ARRAY['created_at', 'updated_at']
     FROM public.pms_part_locations AS l
     WHERE l.name = 'Bin A'),
    (SELECT jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'location_id', f.call #> '{answer,location_id}',
        'parent_location_id', tap.id('locker 1'), 'name', 'Bin A', 'deleted_at', NULL,
        'is_active', true)
     FROM pg_temp.first AS f),
    'The location of the answer is in its parent, without the blanks around its name');
SELECT is(
    tap.newest_audit(),
    (SELECT jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('chief_steward'), 'role', 'chief_steward',
        'action', 'create_location', 'entity_type', 'location',
        'entity_id', f.call #> '{answer,location_id}', 'outcome', 'ok', 'error_code', NULL,
        'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "location", "request_id": "r-6"}'::jsonb)
     FROM pg_temp.first AS f),
    'A new location is in the audit log');
SELECT is(
    tap.call('captain', 'create_location', '{"p_name": "Sun deck"}') ->> 'path',
    'Sun deck',
    'Without a parent it is a root');
SELECT is(
    tap.call('captain', 'create_location', jsonb_build_object(
        'p_name', t.name, 'p_parent_location_id', tap.id(t.parent))) ->> 'success',
    'true',
    'A location may have ' || t.what)
FROM (VALUES
    (repeat('n', 200), NULL, 'a name of 200 characters'),
    ('Port/starboard', NULL, 'a slash without blanks in its name'),
    ('Locker 1', 'locker 2', 'the name of a location elsewhere')
) AS t (name, parent, what);
SELECT is(
    tap.call('stranger', 'create_location', jsonb_build_object(
        'p_yacht_id', tap.id('other yacht'), 'p_name', 'Sun deck')) ->> 'path',
    'Sun deck',
    'A name of one yacht is free on another');

SELECT tap.refuses(
    'captain', 'create_location', jsonb_build_object('p_name', t.name), 400, 'invalid_argument',
    jsonb_build_object('argument', 'p_name', 'reason', t.reason),
    'A new location is refused with ' || t.what)
FROM (VALUES
    (NULL, 'is required', 'no name'),
    ('', 'is required', 'an empty name'),
    ('   ', 'is required', 'a blank name'),
    (repeat('n', 201), 'is longer than 200 characters', 'a name of 201 characters'),
    ('Deck / Locker', 'holds " / ", which separates the names of a path', 'a path for a name'),
    (E'Bin\nB', 'holds a control character', 'a line break in its name')
) AS t (name, reason, what);
SELECT tap.refuses(
    'captain', 'create_location',
    jsonb_build_object('p_name', 'Bin B', 'p_idempotency_key', t.key), 400,
    'missing_idempotency_key', NULL,
    'A new location is refused with ' || t.what)
FROM (VALUES (NULL, 'no key'), ('', 'an empty key')) AS t (key, what);
SELECT tap.refuses(
    'both', 'create_location',
    jsonb_build_object('p_name', 'Bin B', 'p_parent_location_id', tap.id(t.location)), t.status,
    t.code, jsonb_build_object('location_id', tap.id(t.location)),
    'A new location is refused in ' || t.what)
FROM (VALUES
    ('no location', 404, 'location_not_found', 'a location that does not exist'),
    ('other locker', 404, 'location_not_found', 'a location of another yacht'),
    ('attic', 409, 'location_deactivated', 'a deactivated location')
) AS t (location, status, code, what);
SELECT tap.refuses(
    'captain', 'create_location',
    jsonb_build_object('p_name', t.name, 'p_parent_location_id', tap.id(t.parent)), 409,
    'location_name_taken', jsonb_build_object('name', t.name),
    'A new location is refused with the name of ' || t.what)
FROM (VALUES
    ('Engine room', NULL, 'a root'),
    ('LOCKER 1', 'engine room', 'another in its parent, in other case'),
    ('Attic', NULL, 'a deactivated location')
) AS t (name, parent, what);

SELECT tap.is_gated('create_location', '{"p_name": "Gate"}', tap.heads());

SELECT * FROM finish();
ROLLBACK;
