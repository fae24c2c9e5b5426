BEGIN;
SELECT plan(52);
SELECT tap.fixture();

SELECT tap.is_rpc('deactivate_part', ARRAY['uuid', 'uuid', 'text', 'text'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-1"}';
SELECT is(
    tap.trace('captain', 'deactivate_part', jsonb_build_object(
        'p_part_id', tap.id('gasket'), 'p_reason', 'Engine sold')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'deactivate_part', 'part_id', tap.id('gasket'),
            'is_active', false, 'changed', true),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_parts']),
    'A part that never was in stock is deactivated');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('captain'), 'role', 'captain',
        'action', 'deactivate_part', 'entity_type', 'part', 'entity_id', tap.id('gasket'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "part", "request_id": "r-1",
                      "reason": "Engine sold"}'::jsonb),
    'The deactivation is in the audit log with its reason');
SELECT is(
    tap.trace('manager', 'deactivate_part', jsonb_build_object(
        'p_part_id', tap.id('gasket'), 'p_reason', 'Engine sold')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'deactivate_part', 'part_id', tap.id('gasket'),
            'is_active', false, 'changed', false),
        'status', 200, 'denied', 0, 'changed', ARRAY['private.request_keys']),
    'Who deactivates it again succeeds and changes nothing');

-- A part with a past: seals were there, and are used up.
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('seal'), 'p_quantity', 1, 'p_stock_id', tap.id(s.stock)))
        ->> 'success',
    'true',
    'The last ' || s.stock || ' is used')
FROM (VALUES ('seal in locker 1'), ('seal in locker 2')) AS s (stock);
SELECT is(
    tap.trace('manager', 'deactivate_part', jsonb_build_object(
        'p_part_id', tap.id('seal'), 'p_reason', 'Replaced')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'deactivate_part', 'part_id', tap.id('seal'),
            'is_active', false, 'changed', true),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_inventory_stock',
                         'public.pms_parts']),
    'A part whose stocks are empty is deactivated with them');
SELECT is(
    (SELECT jsonb_agg(DISTINCT s.part_is_active)
     FROM public.pms_inventory_stock AS s
     WHERE s.part_id = tap.id('seal')),
    '[false]',
    'Its stocks say so, where movements look');
SELECT is(
    tap.call('captain', t.function, jsonb_build_object(
        'p_part_id', tap.id('seal'), 'p_quantity', 1) || t.arguments) ->> 'code',
    'part_deactivated',
    'A deactivated part refuses ' || t.function)
FROM (VALUES
    ('receive_part', jsonb_build_object('p_location_id', tap.id('engine room'))),
    ('consume_part', jsonb_build_object('p_stock_id', tap.id('seal in locker 1'))),
    ('transfer_part', jsonb_build_object(
        'p_from_location_id', tap.id('locker 1'), 'p_to_location_id', tap.id('locker 2')))
) AS t (function, arguments);
SELECT throws_ok(
    $$INSERT INTO public.pms_inventory_transactions
          (yacht_id, stock_id, quantity_change, transaction_type)
      VALUES (tap.id('yacht'), tap.id('seal in locker 1'), 1, 'received')$$,
    '23514', 'part_deactivated',
    'A deactivated part refuses a plain INSERT into the ledger');
SELECT is(
    tap.call('crew', 'search_parts', '{"p_query": "SKF-25"}'),
    '[]',
    'A deactivated part is not found');
SELECT is(
    jsonb_array_length(tap.call('crew', 'stock_history', jsonb_build_object(
        'p_part_id', tap.id('seal')))),
    4,
    'A deactivated part keeps its history');
SELECT is_empty(
    $$SELECT r.part
      FROM jsonb_array_elements(tap.call('crew', 'low_stock_parts')) AS r (part)
      WHERE r.part ->> 'part_id' = tap.id('gasket')::text$$,
    'A deactivated part is not low, though it was');

SELECT tap.refuses(
    'captain', 'deactivate_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_reason', 'Old') || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A deactivation refuses ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'p_part_id', 'is required', 'no part'),
    ('{"p_reason": null}', 'p_reason', 'is required', 'no reason'),
    ('{"p_reason": ""}', 'p_reason', 'is blank', 'an empty reason'),
    (jsonb_build_object('p_reason', E' \t\n'), 'p_reason', 'is blank', 'a blank reason'),
    (jsonb_build_object('p_reason', repeat('r', 2001)), 'p_reason',
     'is longer than 2000 characters', 'a reason of 2001 characters')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'deactivate_part',
    jsonb_build_object('p_part_id', tap.id('bolt'), 'p_reason', 'Old', 'p_idempotency_key', NULL),
    400, 'missing_idempotency_key', NULL,
    'A deactivation refuses to go without a key');
SELECT tap.refuses(
    'both', 'deactivate_part',
    jsonb_build_object('p_part_id', tap.id(t.part), 'p_reason', 'Old'), 404, 'part_not_found',
    jsonb_build_object('part_id', tap.id(t.part)),
    'A deactivation refuses ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);
SELECT tap.refuses(
    'captain', 'deactivate_part',
    jsonb_build_object('p_part_id', tap.id(t.part), 'p_reason', 'Old'), 409, 'stock_not_empty',
    jsonb_build_object('part_id', tap.id(t.part), 'on_hand', t.on_hand),
    'A deactivation refuses ' || t.what)
FROM (VALUES
    ('filter', 15, 'a part that is in two stocks'),
    ('belt', 3, 'a part that is in stock without a primary location'),
    ('lamp', 1, 'a part that is left in a deactivated location')
) AS t (part, on_hand, what);
SELECT throws_ok(
    $$DELETE FROM public.pms_parts AS p WHERE p.part_id = tap.id('seal')$$,
    '23503', NULL,
    'A part with a past cannot be deleted, not even by a superuser');

SELECT tap.is_gated(
    'deactivate_part',
    jsonb_build_object('p_part_id', tap.id('bolt'), 'p_reason', 'Old'),
    ARRAY['captain', 'manager']);

SELECT * FROM finish();
ROLLBACK;
