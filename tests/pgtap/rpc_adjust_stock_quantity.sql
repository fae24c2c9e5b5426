BEGIN;
SELECT plan(61);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'adjust_stock_quantity',
    ARRAY['uuid', 'uuid', 'integer', 'text', 'text', 'jsonb', 'uuid', 'timestamp with time zone',
          'text', 'integer'],
    'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-5"}';
SELECT is(
    tap.call('chief_engineer', 'adjust_stock_quantity', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_counted_quantity', 8, 'p_reason', 'Yearly count',
        'p_idempotency_key', 'first')) - 'transaction_id',
    jsonb_build_object(
        'success', true, 'action', 'adjust_stock_quantity', 'part_id', tap.id('filter'),
        'stock_id', tap.id('filter in locker 1'), 'quantity_before', 10, 'quantity_after', 8,
        'on_hand', 13),
    'A count below the stock takes the difference out');
SELECT is(tap.status(), 200, 'A count is answered with 200');
SELECT is(
    (SELECT jsonb_build_array(
        t.transaction_type, t.quantity_change, t.reason, t.signature_id IS NOT NULL,
        t.signature ->> 'signer_id', t.signature - ARRAY['signed_at', 'totp_step', 'payload_sha256'])
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'first'),
    jsonb_build_array(
        'adjusted', -2, 'Yearly count', true, tap.id('chief_engineer'),
        jsonb_build_object(
            'method', 'pin+totp', 'pin', 'verified', 'totp', 'verified',
            'signer_id', tap.id('chief_engineer'), 'role', 'chief_engineer')),
    'The movement has reason, signature and proof');
SELECT is(
    (SELECT jsonb_build_array(
        t.signature ->> 'payload_sha256' = s.payload_sha256,
        s.payload_sha256 = encode(sha256(convert_to((t.metadata -> 'signed')::text, 'UTF8')), 'hex'),
        t.metadata -> 'signed', s.user_id, s.action)
     FROM public.pms_inventory_transactions AS t
     JOIN private.signatures AS s USING (yacht_id, signature_id)
     WHERE t.idempotency_key = 'first'),
    jsonb_build_array(true, true, jsonb_build_object(
        'action', 'adjust_stock_quantity', 'p_yacht_id', tap.id('yacht'),
        'p_idempotency_key', 'first', 'p_part_id', tap.id('filter'), 'p_counted_quantity', 8,
        'p_reason', 'Yearly count', 'p_stock_id', NULL, 'p_occurred_at', NULL, 'p_notes', NULL,
        'p_expected_seq', NULL), tap.id('chief_engineer'), 'adjust_stock_quantity'),
    'What was signed is kept, and its hash is in proof and signature');
SELECT is(
    jsonb_build_array(
        tap.newest_audit() ->> 'outcome', tap.newest_audit() #>> '{signature,method}',
        tap.newest_audit() #>> '{metadata,signed,p_reason}'),
    '["ok", "pin+totp", "Yearly count"]',
    'The audit row has the proof and what was signed');
SELECT is(
    tap.call('captain', 'adjust_stock_quantity', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_counted_quantity', 12, 'p_reason', 'Found some',
        'p_stock_id', tap.id('filter in locker 2'), 'p_expected_seq', 1)) ->> 'quantity_after',
    '12',
    'A count above the stock puts the difference in, where p_expected_seq holds');
SELECT is(
    tap.call('manager', 'adjust_stock_quantity', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_counted_quantity', 0, 'p_reason', 'Gone'))
        ->> 'quantity_after',
    '0',
    'A count may be of nothing');
SELECT is(
    tap.trace('manager', 'adjust_stock_quantity', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_counted_quantity', 0, 'p_reason', 'Still gone'))
        #- '{answer,part_id}' #- '{answer,stock_id}' #- '{audit}',
    '{"answer": {"success": true, "action": "adjust_stock_quantity", "transaction_id": null,
                 "quantity_before": 0, "quantity_after": 0, "on_hand": 0},
      "status": 200, "changed": ["private.request_keys", "private.signatures"], "denied": 0}',
    'A count that confirms what is on record is signed, and moves nothing');

SELECT tap.refuses(
    'captain', 'adjust_stock_quantity',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_counted_quantity', 1, 'p_reason', 'Count')
        || t.argument, 400, t.code, t.details, 'A count refuses ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_part_id", "reason": "is required"}'::jsonb, 'no part'),
    ('{"p_counted_quantity": null}', 'invalid_argument',
     '{"argument": "p_counted_quantity", "reason": "is required"}', 'no number'),
    ('{"p_counted_quantity": -1}', 'invalid_quantity',
     '{"argument": "p_counted_quantity", "quantity": -1}', 'less than nothing'),
    ('{"p_counted_quantity": 1000001}', 'invalid_quantity',
     '{"argument": "p_counted_quantity", "quantity": 1000001}', 'more than 1000000'),
    ('{"p_reason": null}', 'invalid_argument',
     '{"argument": "p_reason", "reason": "is required"}', 'no reason'),
    ('{"p_reason": " \t"}', 'invalid_argument',
     '{"argument": "p_reason", "reason": "is blank"}', 'a blank reason'),
    ('{"p_signature": null}', 'signature_required', NULL, 'no signature'),
    ('{"p_signature": {"pin": "271828"}}', 'signature_required', NULL, 'a PIN alone'),
    ('{"p_signature": {"totp": "123456"}}', 'signature_required', NULL, 'a code alone'),
    ('{"p_signature": {"pin": 271828, "totp": 123456}}', 'signature_required', NULL, 'numbers'),
    ('{"p_signature": ["pin", "totp"]}', 'signature_required', NULL, 'a list'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);
SELECT tap.refuses_signed(
    'captain', 'adjust_stock_quantity',
    jsonb_build_object('p_part_id', tap.id(t.part), 'p_counted_quantity', 4, 'p_reason', 'Count')
        || t.more, t.status, t.code,
    jsonb_build_object('part_id', tap.id(t.part), 'quantity', 4) || t.details,
    'A count refuses ' || t.what)
FROM (VALUES
    ('other filter', '{}'::jsonb, 404, 'part_not_found', '{}'::jsonb, 'a part of another yacht'),
    ('seal', '{}', 404, 'stock_not_found', '{}', 'a part of two stocks without saying which'),
    ('relic', '{}', 409, 'part_deactivated', '{}', 'a deactivated part'),
    ('lamp', '{}', 409, 'location_deactivated',
     jsonb_build_object('stock_id', tap.id('lamp in attic')), 'a deactivated location'),
    ('belt', '{"p_expected_seq": 1}', 409, 'stale_count',
     jsonb_build_object('stock_id', tap.id('belt in locker 2'), 'seq', 2, 'on_hand', 0),
     'a stock that moved since the count')
) AS t (part, more, status, code, details, what);
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES (tap.id('yacht'), tap.id('belt in locker 2'), 2000000, 'received');
SELECT tap.refuses_signed(
    'captain', 'adjust_stock_quantity',
    jsonb_build_object('p_part_id', tap.id('belt'), 'p_counted_quantity', 5, 'p_reason', 'Count'),
    400, 'invalid_quantity',
    jsonb_build_object('part_id', tap.id('belt'), 'stock_id', tap.id('belt in locker 2'),
                       'quantity', 5),
    'A count refuses to move more than 1000000 at once');

SELECT tap.is_gated(
    'adjust_stock_quantity',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_counted_quantity', 1, 'p_reason', 'Count'),
    ARRAY['chief_engineer', 'captain', 'manager']);

SELECT tap.is_signed(
    'adjust_stock_quantity',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_counted_quantity', 1, 'p_reason', 'Count'));

SELECT * FROM finish();
ROLLBACK;
