BEGIN;
SELECT plan(62);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'adjust_stock_quantities',
    ARRAY['uuid', 'jsonb', 'text', 'text', 'jsonb', 'timestamp with time zone', 'text'],
    'volatile');

CREATE TEMPORARY TABLE first AS
SELECT tap.call('captain', 'adjust_stock_quantities', jsonb_build_object(
    'p_reason', 'Yearly count', 'p_idempotency_key', 'first', 'p_counts', jsonb_build_array(
        jsonb_build_object('part_id', tap.id('filter'), 'counted_quantity', 9, 'expected_seq', 1),
        jsonb_build_object('part_id', tap.id('belt'), 'counted_quantity', 3),
        jsonb_build_object('part_id', tap.id('seal'), 'counted_quantity', 5,
                           'stock_id', tap.id('seal in locker 2'))))) AS answer;
SELECT is(tap.status(), 200, 'A whole count is answered with 200');
SELECT is(
    (SELECT f.answer - 'results' FROM pg_temp.first AS f),
    '{"success": true, "action": "adjust_stock_quantities", "counted": 3, "adjusted": 2}',
    'A whole count says how many lines it had, and how many moved something');
SELECT is(
    (SELECT jsonb_object_agg(r.line ->> 'stock_id', jsonb_build_array(
        r.line -> 'quantity_before', r.line -> 'quantity_after',
        r.line ->> 'transaction_id' IS NOT NULL))
     FROM pg_temp.first AS f
     CROSS JOIN jsonb_array_elements(f.answer -> 'results') AS r (line)),
    jsonb_build_object(
        tap.id('filter in locker 1'), '[10, 9, true]'::jsonb,
        tap.id('belt in locker 2'), '[3, 3, false]'::jsonb,
        tap.id('seal in locker 2'), '[1, 5, true]'::jsonb),
    'A whole count answers line by line');
SELECT is(
    (SELECT jsonb_build_array(count(*), count(DISTINCT t.signature_id),
                              count(DISTINCT t.metadata ->> 'audit_id'))
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'first'),
    '[2, 1, 1]',
    'All movements of a count are under one signature and refer to its audit row');
SELECT is(
    (SELECT a.signature ->> 'payload_sha256'
     FROM public.pms_audit_log AS a
     WHERE a.action = 'adjust_stock_quantities'),
    (SELECT encode(sha256(convert_to((a.metadata -> 'signed')::text, 'UTF8')), 'hex')
     FROM public.pms_audit_log AS a
     WHERE a.action = 'adjust_stock_quantities'),
    'The audit row holds the whole count as it was signed');

SELECT tap.refuses(
    'captain', 'adjust_stock_quantities',
    jsonb_build_object('p_reason', 'Count', 'p_counts', jsonb_build_array(jsonb_build_object(
        'part_id', tap.id('filter'), 'counted_quantity', 1))) || t.argument,
    400, t.code, t.details, 'A whole count refuses ' || t.what)
FROM (VALUES
    ('{"p_counts": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_counts", "reason": "is required"}'::jsonb, 'nothing counted'),
    ('{"p_counts": []}', 'invalid_argument',
     '{"argument": "p_counts", "reason": "is not a list of 1 to 1000 lines"}', 'no lines'),
    ('{"p_counts": {}}', 'invalid_argument',
     '{"argument": "p_counts", "reason": "is not a list of 1 to 1000 lines"}', 'what is no list'),
    ('{"p_counts": [5]}', 'invalid_argument',
     '{"argument": "p_counts[0]", "reason": "is not an object"}', 'a line that is no object'),
    ('{"p_counts": [{"counted_quantity": 1}]}', 'invalid_argument',
     '{"argument": "p_counts[0]", "reason": "has no part_id"}', 'a line without a part'),
    (jsonb_build_object('p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter')))), 'invalid_argument',
     '{"argument": "p_counts[0]", "reason": "has no counted_quantity"}', 'a line without a number'),
    (jsonb_build_object('p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter'), 'counted_quantity', 1.5))), 'invalid_quantity',
     '{"argument": "p_counts[0]", "quantity": 1.5}', 'half a part'),
    (jsonb_build_object('p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter'), 'counted_quantity', -1))), 'invalid_quantity',
     '{"argument": "p_counts[0]", "quantity": -1}', 'less than nothing'),
    (jsonb_build_object('p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter'), 'counted_quantity', 1000001))), 'invalid_quantity',
     '{"argument": "p_counts[0]", "quantity": 1000001}', 'more than 1000000'),
    (jsonb_build_object('p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter'), 'counted_quantity', 1, 'stock_id', 'Locker'))),
     'invalid_argument',
     '{"argument": "p_counts[0]", "reason": "has a stock_id that is no UUID"}', 'a stock by name'),
    (jsonb_build_object('p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter'), 'counted_quantity', 1, 'expected_seq', -1))),
     'invalid_argument',
     '{"argument": "p_counts[0]", "reason": "has an expected_seq that is no whole number"}',
     'a seq below nothing'),
    (jsonb_build_object('p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter'), 'counted_quantity', 1, 'on_hand', 2))), 'invalid_argument',
     '{"argument": "p_counts[0]", "reason": "has an unknown key"}', 'a key that it does not know'),
    ('{"p_reason": ""}', 'invalid_argument',
     '{"argument": "p_reason", "reason": "is blank"}', 'an empty reason'),
    ('{"p_signature": null}', 'signature_required', NULL, 'no signature'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);
SELECT tap.refuses_signed(
    'captain', 'adjust_stock_quantities',
    jsonb_build_object('p_reason', 'Count', 'p_counts', jsonb_build_array(
        jsonb_build_object('part_id', tap.id('filter'), 'counted_quantity', 4),
        jsonb_build_object('part_id', tap.id(t.part), 'counted_quantity', 4) || t.more)),
    t.status, t.code, t.details, 'A whole count refuses all for ' || t.what)
FROM (VALUES
    ('other filter', '{}'::jsonb, 404, 'part_not_found',
     jsonb_build_object('part_id', tap.id('other filter'), 'quantity', 4),
     'a part of another yacht'),
    ('seal', '{}', 404, 'stock_not_found',
     jsonb_build_object('part_id', tap.id('seal'), 'quantity', 4), 'a part of two stocks'),
    ('relic', '{}', 409, 'part_deactivated',
     jsonb_build_object('part_id', tap.id('relic'), 'quantity', 4,
                        'stock_id', tap.id('relic in locker 1')), 'a deactivated part'),
    ('lamp', '{}', 409, 'location_deactivated',
     jsonb_build_object('part_id', tap.id('lamp'), 'quantity', 4,
                        'stock_id', tap.id('lamp in attic')), 'a deactivated location'),
    ('belt', '{"expected_seq": 5}', 409, 'stale_count',
     jsonb_build_object('part_id', tap.id('belt'), 'quantity', 4, 'seq', 1, 'on_hand', 3,
                        'stock_id', tap.id('belt in locker 2')), 'a stock that moved since'),
    ('filter', '{}', 400, 'invalid_argument',
     '{"argument": "p_counts", "reason": "has a stock twice"}', 'a stock that stands there twice')
) AS t (part, more, status, code, details, what);
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES (tap.id('yacht'), tap.id('belt in locker 2'), 2000000, 'received');
SELECT tap.refuses_signed(
    'captain', 'adjust_stock_quantities',
    jsonb_build_object('p_reason', 'Count', 'p_counts', jsonb_build_array(jsonb_build_object(
        'part_id', tap.id('belt'), 'counted_quantity', 5))),
    400, 'invalid_quantity',
    jsonb_build_object('part_id', tap.id('belt'), 'stock_id', tap.id('belt in locker 2'),
                       'quantity', 5),
    'A whole count refuses to move more than 1000000 at once');
SELECT tap.is_gated(
    'adjust_stock_quantities',
    jsonb_build_object('p_reason', 'Count', 'p_counts', jsonb_build_array(jsonb_build_object(
        'part_id', tap.id('filter'), 'counted_quantity', 1))),
    ARRAY['chief_engineer', 'captain', 'manager']);

SELECT tap.is_signed(
    'adjust_stock_quantities',
    jsonb_build_object('p_reason', 'Count', 'p_counts', jsonb_build_array(jsonb_build_object(
        'part_id', tap.id('filter'), 'counted_quantity', 1))));

SELECT * FROM finish();
ROLLBACK;
