BEGIN;
SELECT plan(50);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'write_off_part',
    ARRAY['uuid', 'uuid', 'integer', 'text', 'text', 'jsonb', 'uuid', 'timestamp with time zone',
          'text', 'integer'],
    'volatile');

SELECT is(
    tap.call('steward', 'write_off_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 4, 'p_reason', 'Wet',
        'p_idempotency_key', 'first')) - 'transaction_id',
    jsonb_build_object(
        'success', true, 'action', 'write_off_part', 'part_id', tap.id('filter'),
        'stock_id', tap.id('filter in locker 1'), 'quantity_before', 10, 'quantity_after', 6,
        'on_hand', 11),
    'A write-off takes from the primary stock');
SELECT is(tap.status(), 200, 'A write-off is answered with 200');
SELECT is(
    (SELECT jsonb_build_array(t.transaction_type, t.quantity_change, t.reason, t.actor_role,
                              s.action, s.user_id)
     FROM public.pms_inventory_transactions AS t
     JOIN private.signatures AS s USING (yacht_id, signature_id)
     WHERE t.idempotency_key = 'first'),
    jsonb_build_array('write_off', -4, 'Wet', 'steward', 'write_off_part', tap.id('steward')),
    'A write-off is one negative movement with its reason, under the signature of the caller');

SELECT tap.refuses(
    'crew', 'write_off_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_reason', 'Wet')
        || t.argument, 400, t.code, t.details, 'A write-off refuses ' || t.what)
FROM (VALUES
    ('{"p_quantity": 0}'::jsonb, 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 0}'::jsonb, 'nothing'),
    ('{"p_reason": null}', 'invalid_argument',
     '{"argument": "p_reason", "reason": "is required"}', 'no reason'),
    (jsonb_build_object('p_reason', repeat('r', 2001)), 'invalid_argument',
     '{"argument": "p_reason", "reason": "is longer than 2000 characters"}',
     'a reason of 2001 characters'),
    ('{"p_signature": null}', 'signature_required', NULL, 'no signature'),
    ('{"p_signature": {"pin": "", "totp": ""}}', 'signature_required', NULL, 'an empty signature'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);
SELECT tap.refuses_signed(
    'captain', 'write_off_part',
    jsonb_build_object('p_part_id', tap.id(t.part), 'p_quantity', 11, 'p_reason', 'Wet')
        || t.more, t.status, t.code,
    jsonb_build_object('part_id', tap.id(t.part), 'quantity', 11) || t.details,
    'A write-off refuses ' || t.what)
FROM (VALUES
    ('no part', '{}'::jsonb, 404, 'part_not_found', '{}'::jsonb, 'a part that does not exist'),
    ('bolt', '{}', 404, 'stock_not_found', '{}', 'a part without a stock'),
    ('relic', '{}', 409, 'part_deactivated', '{}', 'a deactivated part'),
    ('lamp', '{}', 409, 'location_deactivated',
     jsonb_build_object('stock_id', tap.id('lamp in attic')), 'a deactivated location'),
    ('filter', '{}', 409, 'insufficient_stock',
     jsonb_build_object('stock_id', tap.id('filter in locker 1'), 'seq', 2, 'on_hand', 6),
     'more than there is'),
    ('filter', '{"p_expected_seq": 1}', 409, 'stale_count',
     jsonb_build_object('stock_id', tap.id('filter in locker 1'), 'seq', 2, 'on_hand', 6),
     'a seq that is not the newest')
) AS t (part, more, status, code, details, what);

SELECT tap.is_gated(
    'write_off_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_reason', 'Wet'),
    tap.roles());

SELECT tap.is_signed(
    'write_off_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_reason', 'Wet'));

SELECT * FROM finish();
ROLLBACK;
