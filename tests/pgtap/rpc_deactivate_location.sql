BEGIN;
SELECT plan(52);
SELECT tap.fixture();
INSERT INTO public.pms_part_locations (yacht_id, location_id, parent_location_id, name)
VALUES (tap.id('yacht'), tap.id('bridge'), NULL, 'Bridge'),
       (tap.id('yacht'), tap.id('chart drawer'), tap.id('bridge'), 'Chart drawer');

SELECT tap.is_rpc('deactivate_location', ARRAY['uuid', 'uuid', 'text', 'text'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-3"}';
SELECT is(
    tap.trace('captain', 'deactivate_location', jsonb_build_object(
        'p_location_id', tap.id('chart drawer'), 'p_reason', 'Refit')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'deactivate_location',
            'location_id', tap.id('chart drawer'), 'is_active', false, 'changed', true,
            'primary_of', 0),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_part_locations']),
    'A location that never held anything is deactivated');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('captain'), 'role', 'captain',
        'action', 'deactivate_location', 'entity_type', 'location',
        'entity_id', tap.id('chart drawer'), 'outcome', 'ok', 'error_code', NULL,
        'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "location", "request_id": "r-3",
                      "reason": "Refit"}'::jsonb),
    'The deactivation is in the audit log with its reason');
SELECT is(
    tap.trace('manager', 'deactivate_location', jsonb_build_object(
        'p_location_id', tap.id('attic'), 'p_reason', 'Refit')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'deactivate_location', 'location_id', tap.id('attic'),
            'is_active', false, 'changed', false, 'primary_of', 1),
        'status', 200, 'denied', 0, 'changed', ARRAY['private.request_keys']),
    'Who deactivates it again succeeds and changes nothing');
SELECT is(
    tap.call('captain', 'deactivate_location', jsonb_build_object(
        'p_location_id', tap.id('bridge'), 'p_reason', 'Refit')) -> 'changed',
    'true',
    'A location whose locations are deactivated may follow them');

-- A location with a past: what was there is elsewhere now.
SELECT is(
    tap.call('crew', 'transfer_part', jsonb_build_object(
        'p_part_id', tap.id(t.part), 'p_quantity', t.quantity,
        'p_from_location_id', tap.id('locker 1'), 'p_to_location_id', tap.id('locker 2')))
        ->> 'success',
    'true',
    'Each ' || t.part || ' leaves the locker')
FROM (VALUES ('filter', 10), ('seal', 1)) AS t (part, quantity);
SELECT tap.refuses(
    'captain', 'deactivate_location',
    jsonb_build_object('p_location_id', tap.id('locker 1'), 'p_reason', 'Refit'), 409,
    'stock_not_empty', jsonb_build_object('location_id', tap.id('locker 1'), 'parts', 1),
    'A deactivation refuses a location with a deactivated part in it');
SELECT lives_ok(
    $$SELECT tap.call('captain', 'reactivate_part', jsonb_build_object(
          'p_part_id', tap.id('relic'), 'p_reason', 'To clear the locker'));
      SELECT tap.call('captain', 'consume_part', jsonb_build_object(
          'p_part_id', tap.id('relic'), 'p_quantity', 2))$$,
    'Which can be reactivated and used');
SELECT is(
    tap.trace('captain', 'deactivate_location', jsonb_build_object(
        'p_location_id', tap.id('locker 1'), 'p_reason', 'Refit')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'deactivate_location', 'location_id', tap.id('locker 1'),
            'is_active', false, 'changed', true, 'primary_of', 3),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_inventory_stock',
                         'public.pms_part_locations']),
    'An emptied location is deactivated with its stocks, and the parts that lie there are counted');
SELECT is(
    tap.call('captain', t.function, jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1) || t.arguments) ->> 'code',
    'location_deactivated',
    format('A deactivated location refuses %s %s', t.function, t.what))
FROM (VALUES
    ('receive_part', '{}'::jsonb, 'of what it is the primary location of'),
    ('receive_part', jsonb_build_object('p_location_id', tap.id('locker 1')), 'by its id'),
    ('consume_part', jsonb_build_object('p_stock_id', tap.id('filter in locker 1')), 'by its stock'),
    ('transfer_part', jsonb_build_object(
        'p_from_location_id', tap.id('locker 1'), 'p_to_location_id', tap.id('locker 2')), 'from it'),
    ('transfer_part', jsonb_build_object(
        'p_from_location_id', tap.id('locker 2'), 'p_to_location_id', tap.id('locker 1')), 'to it')
) AS t (function, arguments, what);
SELECT throws_ok(
    $$INSERT INTO public.pms_inventory_transactions
          (yacht_id, stock_id, quantity_change, transaction_type)
      VALUES (tap.id('yacht'), tap.id('filter in locker 1'), 1, 'received')$$,
    '23514', 'location_deactivated',
    'A deactivated location refuses a plain INSERT into the ledger');
SELECT is(
    jsonb_array_length(tap.call('crew', 'stock_history', jsonb_build_object(
        'p_stock_id', tap.id('filter in locker 1')))),
    2,
    'What is in a deactivated location keeps its history');

SELECT tap.refuses(
    'captain', 'deactivate_location',
    jsonb_build_object('p_location_id', tap.id('locker 2'), 'p_reason', 'Old') || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A deactivation refuses ' || t.what)
FROM (VALUES
    ('{"p_location_id": null}'::jsonb, 'p_location_id', 'is required', 'no location'),
    ('{"p_reason": null}', 'p_reason', 'is required', 'no reason'),
    ('{"p_reason": " "}', 'p_reason', 'is blank', 'a blank reason'),
    (jsonb_build_object('p_reason', repeat('r', 2001)), 'p_reason',
     'is longer than 2000 characters', 'a reason of 2001 characters')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'deactivate_location',
    jsonb_build_object('p_location_id', tap.id('attic'), 'p_reason', 'Old',
                       'p_idempotency_key', NULL),
    400, 'missing_idempotency_key', NULL,
    'A deactivation refuses to go without a key');
SELECT tap.refuses(
    'both', 'deactivate_location',
    jsonb_build_object('p_location_id', tap.id(t.location), 'p_reason', 'Old'), 404,
    'location_not_found', jsonb_build_object('location_id', tap.id(t.location)),
    'A deactivation refuses ' || t.what)
FROM (VALUES
    ('no location', 'a location that does not exist'),
    ('other locker', 'a location of another yacht, also to a person of both')
) AS t (location, what);
SELECT tap.refuses(
    'captain', 'deactivate_location',
    jsonb_build_object('p_location_id', tap.id('locker 2'), 'p_reason', 'Old'), 409,
    'stock_not_empty', jsonb_build_object('location_id', tap.id('locker 2'), 'parts', 3),
    'A deactivation refuses a location with parts in it');
SELECT tap.refuses(
    'captain', 'deactivate_location',
    jsonb_build_object('p_location_id', tap.id('engine room'), 'p_reason', 'Old'), 409,
    'illegal_transition',
    jsonb_build_object('location_id', tap.id('engine room'), 'active_locations', 1,
                       'reason', 'holds active locations'),
    'A deactivation refuses a location with an active one in it');
SELECT tap.refuses(
    'captain', 'create_location',
    jsonb_build_object('p_name', 'Shelf', 'p_parent_location_id', tap.id('bridge')), 409,
    'location_deactivated', jsonb_build_object('location_id', tap.id('bridge')),
    'Nothing is added to a deactivated location');

SELECT tap.is_gated(
    'deactivate_location',
    jsonb_build_object('p_location_id', tap.id('attic'), 'p_reason', 'Old'),
    ARRAY['captain', 'manager']);

SELECT * FROM finish();
ROLLBACK;
