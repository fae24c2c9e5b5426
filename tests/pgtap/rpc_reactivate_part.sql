BEGIN;
SELECT plan(40);
SELECT tap.fixture();

SELECT tap.is_rpc('reactivate_part', ARRAY['uuid', 'uuid', 'text', 'text'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-2"}';
SELECT is(
    tap.trace('manager', 'reactivate_part', jsonb_build_object(
        'p_part_id', tap.id('relic'), 'p_reason', 'Needed after all')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'reactivate_part', 'part_id', tap.id('relic'),
            'is_active', true, 'changed', true),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_inventory_stock',
                         'public.pms_parts']),
    'A deactivated part is active again, and its stocks with it');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('manager'), 'role', 'manager',
        'action', 'reactivate_part', 'entity_type', 'part', 'entity_id', tap.id('relic'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "part", "request_id": "r-2",
                      "reason": "Needed after all"}'::jsonb),
    'The reactivation is in the audit log with its reason');
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('relic'), 'p_quantity', 1)) ->> 'quantity_after',
    '1',
    'It moves again');
SELECT is(
    tap.call('crew', 'search_parts', '{"p_query": "OLD-1"}') #>> '{0,part_id}',
    tap.id('relic')::text,
    'It is found again');
SELECT is(
    tap.trace('captain', 'reactivate_part', jsonb_build_object(
        'p_part_id', tap.id('relic'), 'p_reason', 'Needed after all')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'reactivate_part', 'part_id', tap.id('relic'),
            'is_active', true, 'changed', false),
        'status', 200, 'denied', 0, 'changed', ARRAY['private.request_keys']),
    'Who reactivates it again succeeds and changes nothing');
UPDATE public.pms_parts AS p
SET deleted_at = now()
WHERE p.part_id = tap.id('lamp');
SELECT is(
    tap.call('captain', 'reactivate_part', jsonb_build_object(
        'p_part_id', tap.id('lamp'), 'p_reason', 'Spare')) -> 'changed',
    'true',
    'A part is reactivated though its primary location is not active');
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('lamp'), 'p_quantity', 1)) ->> 'code',
    'location_deactivated',
    'What lies in a deactivated location stays there');

SELECT tap.refuses(
    'captain', 'reactivate_part',
    jsonb_build_object('p_part_id', tap.id('relic'), 'p_reason', 'Old') || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A reactivation refuses ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'p_part_id', 'is required', 'no part'),
    ('{"p_reason": null}', 'p_reason', 'is required', 'no reason'),
    ('{"p_reason": " "}', 'p_reason', 'is blank', 'a blank reason'),
    (jsonb_build_object('p_reason', repeat('r', 2001)), 'p_reason',
     'is longer than 2000 characters', 'a reason of 2001 characters')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'reactivate_part',
    jsonb_build_object('p_part_id', tap.id('relic'), 'p_reason', 'Old', 'p_idempotency_key', NULL),
    400, 'missing_idempotency_key', NULL,
    'A reactivation refuses to go without a key');
SELECT tap.refuses(
    'both', 'reactivate_part',
    jsonb_build_object('p_part_id', tap.id(t.part), 'p_reason', 'Old'), 404, 'part_not_found',
    jsonb_build_object('part_id', tap.id(t.part)),
    'A reactivation refuses ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);

SELECT tap.is_gated(
    'reactivate_part',
    jsonb_build_object('p_part_id', tap.id('relic'), 'p_reason', 'Needed'),
    ARRAY['captain', 'manager']);

SELECT * FROM finish();
ROLLBACK;
