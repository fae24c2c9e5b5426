BEGIN;
SELECT plan(40);
SELECT tap.fixture();
INSERT INTO public.pms_part_locations (yacht_id, location_id, parent_location_id, name, deleted_at)
VALUES (tap.id('yacht'), tap.id('trunk'), tap.id('attic'), 'Trunk', now());

SELECT tap.is_rpc('reactivate_location', ARRAY['uuid', 'uuid', 'text', 'text'], 'volatile');

SELECT tap.refuses(
    'captain', 'reactivate_location',
    jsonb_build_object('p_location_id', tap.id('trunk'), 'p_reason', 'Refit over'), 409,
    'location_deactivated',
    jsonb_build_object('location_id', tap.id('trunk'), 'parent_location_id', tap.id('attic')),
    'A reactivation refuses a location in a deactivated one');
SET LOCAL "request.headers" = '{"x-request-id": "r-4"}';
SELECT is(
    tap.trace('captain', 'reactivate_location', jsonb_build_object(
        'p_location_id', tap.id('attic'), 'p_reason', 'Refit over')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'reactivate_location', 'location_id', tap.id('attic'),
            'is_active', true, 'changed', true),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_inventory_stock',
                         'public.pms_part_locations']),
    'A deactivated location is active again, and its stocks with it');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('captain'), 'role', 'captain',
        'action', 'reactivate_location', 'entity_type', 'location', 'entity_id', tap.id('attic'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "location", "request_id": "r-4",
                      "reason": "Refit over"}'::jsonb),
    'The reactivation is in the audit log with its reason');
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('lamp'), 'p_quantity', 1)) ->> 'quantity_after',
    '0',
    'What lies there moves again');
SELECT is(
    (SELECT l.is_active FROM public.pms_part_locations AS l WHERE l.location_id = tap.id('trunk')),
    false,
    'What it holds is not reactivated with it');
SELECT is(
    tap.call('captain', 'reactivate_location', jsonb_build_object(
        'p_location_id', tap.id('trunk'), 'p_reason', 'Refit over')) -> 'changed',
    'true',
    'But may follow it');
SELECT is(
    tap.trace('manager', 'reactivate_location', jsonb_build_object(
        'p_location_id', tap.id('trunk'), 'p_reason', 'Refit over')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'reactivate_location', 'location_id', tap.id('trunk'),
            'is_active', true, 'changed', false),
        'status', 200, 'denied', 0, 'changed', ARRAY['private.request_keys']),
    'Who reactivates it again succeeds and changes nothing');

SELECT tap.refuses(
    'captain', 'reactivate_location',
    jsonb_build_object('p_location_id', tap.id('attic'), 'p_reason', 'Old') || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A reactivation refuses ' || t.what)
FROM (VALUES
    ('{"p_location_id": null}'::jsonb, 'p_location_id', 'is required', 'no location'),
    ('{"p_reason": null}', 'p_reason', 'is required', 'no reason'),
    ('{"p_reason": " "}', 'p_reason', 'is blank', 'a blank reason'),
    (jsonb_build_object('p_reason', repeat('r', 2001)), 'p_reason',
     'is longer than 2000 characters', 'a reason of 2001 characters')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'reactivate_location',
    jsonb_build_object('p_location_id', tap.id('attic'), 'p_reason', 'Old',
                       'p_idempotency_key', NULL),
    400, 'missing_idempotency_key', NULL,
    'A reactivation refuses to go without a key');
SELECT tap.refuses(
    'both', 'reactivate_location',
    jsonb_build_object('p_location_id', tap.id(t.location), 'p_reason', 'Old'), 404,
    'location_not_found', jsonb_build_object('location_id', tap.id(t.location)),
    'A reactivation refuses ' || t.what)
FROM (VALUES
    ('no location', 'a location that does not exist'),
    ('other locker', 'a location of another yacht, also to a person of both')
) AS t (location, what);

SELECT tap.is_gated(
    'reactivate_location',
    jsonb_build_object('p_location_id', tap.id('attic'), 'p_reason', 'Needed'),
    ARRAY['captain', 'manager']);

SELECT * FROM finish();
ROLLBACK;
