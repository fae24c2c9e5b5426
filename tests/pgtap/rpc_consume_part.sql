BEGIN;
SELECT plan(75);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'consume_part',
    ARRAY['uuid', 'uuid', 'integer', 'text', 'uuid', 'text', 'text', 'timestamp with time zone',
          'text', 'integer'],
    'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-1"}';
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 4, 'p_idempotency_key', 'first',
        'p_occurred_at', '2026-01-02T03:04:05Z', 'p_notes', 'Port engine')) - 'transaction_id',
    jsonb_build_object(
        'success', true, 'action', 'consume_part', 'part_id', tap.id('filter'),
        'stock_id', tap.id('filter in locker 1'), 'quantity_before', 10, 'quantity_after', 6,
        'on_hand', 11),
    'A consumption takes from the primary stock; on_hand is of the part over all its stocks');
SELECT is(tap.status(), 200, 'A consumption is answered with 200');
SELECT is(
    tap.newest_movement(tap.id('filter in locker 1')),
    jsonb_build_object(
        'seq', 2, 'on_hand_before', 10, 'quantity_change', -4, 'on_hand_after', 6,
        'transaction_type', 'consumed', 'actor_id', tap.id('crew'), 'actor_role', 'crew',
        'idempotency_key', 'first', 'notes', 'Port engine', 'metadata', '{}'::jsonb,
        'signature', '{}'::jsonb, 'cached', 6),
    'A consumption is one negative movement, and the cache follows');
SELECT is(
    (SELECT t.occurred_at
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'first'),
    timestamptz '2026-01-02T03:04:05Z',
    'p_occurred_at is kept');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('crew'), 'role', 'crew',
        'action', 'consume_part', 'entity_type', 'part', 'entity_id', tap.id('filter'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "stock", "request_id": "r-1"}'::jsonb),
    'A consumption is in the audit log with its request');
SELECT is_empty(
    'SELECT u.usage_id FROM public.pms_part_usage AS u',
    'Without a purpose no usage is recorded');
SELECT is(
    tap.trace('steward', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 2, 'p_stock_id', tap.id('filter in locker 2'),
        'p_work_order', 'WO-17', 'p_equipment', 'Main engine')) -> 'changed',
    '["private.request_keys", "public.pms_inventory_stock", "public.pms_inventory_transactions",
      "public.pms_part_usage"]',
    'A purpose makes a usage beside movement, cache and key');
SELECT is(
    (SELECT jsonb_agg(to_jsonb(u) - ARRAY['usage_id', 'used_at'])
     FROM public.pms_part_usage AS u
     JOIN public.pms_inventory_transactions AS t
         ON t.yacht_id = u.yacht_id
        AND t.usage_id = u.usage_id
        AND t.stock_id = u.stock_id),
    jsonb_build_array(jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'stock_id', tap.id('filter in locker 2'),
        'part_id', tap.id('filter'), 'quantity', 2, 'quantity_change', -2, 'work_order', 'WO-17',
        'equipment', 'Main engine', 'used_by', tap.id('steward'))),
    'The usage is of its movement, at the stock that p_stock_id named');
SELECT lives_ok('SET CONSTRAINTS ALL IMMEDIATE', 'Movement and usage hold each other');
SET CONSTRAINTS ALL DEFERRED;
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 3)) - 'transaction_id',
    jsonb_build_object(
        'success', true, 'action', 'consume_part', 'part_id', tap.id('belt'),
        'stock_id', tap.id('belt in locker 2'), 'quantity_before', 3, 'quantity_after', 0,
        'on_hand', 0),
    'Without a primary location the only stock is meant, and it may become empty');
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('seal'), 'p_quantity', 1, 'p_stock_id', tap.id('seal in locker 2')))
        -> 'on_hand',
    '1',
    'What is on hand of the other stock counts in on_hand');
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_expected_seq', 2)) ->> 'quantity_after',
    '5',
    'The expected seq lets the call through');
SELECT is(
    (SELECT t.occurred_at = t.recorded_at
     FROM public.pms_inventory_transactions AS t
     WHERE t.stock_id = tap.id('filter in locker 1')
     ORDER BY t.seq DESC
     LIMIT 1),
    true,
    'Without p_occurred_at it happened when it was recorded');
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1) || t.argument) ->> 'success',
    'true',
    'A consumption takes ' || t.what)
FROM (VALUES
    (jsonb_build_object('p_notes', repeat('n', 2000)), 'notes of 2000 characters'),
    (jsonb_build_object('p_work_order', repeat('w', 200)), 'a work order of 200 characters'),
    (jsonb_build_object('p_equipment', repeat('é', 200)), 'an equipment of 200 characters'),
    (jsonb_build_object('p_occurred_at', clock_timestamp() + interval '1 minute'),
     'a time one minute ahead')
) AS t (argument, what);
SELECT lives_ok(
    $$INSERT INTO public.pms_inventory_transactions
          (yacht_id, stock_id, quantity_change, transaction_type)
      VALUES (tap.id('yacht'), tap.id('belt in locker 2'), 1000001, 'received')$$,
    'There are 1000001 belts');
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 1000000)) ->> 'quantity_after',
    '1',
    'A consumption takes 1000000 at once');

SELECT tap.refuses(
    'crew', 'consume_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1) || t.argument, 400, t.code,
    t.details, 'A consumption refuses ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_part_id", "reason": "is required"}'::jsonb, 'no part'),
    ('{"p_quantity": null}', 'invalid_quantity',
     '{"argument": "p_quantity", "reason": "is required"}', 'no quantity'),
    ('{"p_quantity": 0}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 0}', 'nothing'),
    ('{"p_quantity": -1}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": -1}', 'less than nothing'),
    ('{"p_quantity": 1000001}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 1000001}',
     'more than 1000000 at once'),
    (jsonb_build_object('p_occurred_at', clock_timestamp() + interval '10 minutes'),
     'invalid_argument', '{"argument": "p_occurred_at", "reason": "lies in the future"}',
     'a time ten minutes ahead'),
    ('{"p_occurred_at": "infinity"}', 'invalid_argument',
     '{"argument": "p_occurred_at", "reason": "lies in the future"}', 'a time without end'),
    (jsonb_build_object('p_notes', repeat('n', 2001)), 'invalid_argument',
     '{"argument": "p_notes", "reason": "is longer than 2000 characters"}',
     'notes of 2001 characters'),
    ('{"p_expected_seq": -1}', 'invalid_argument',
     '{"argument": "p_expected_seq", "reason": "is negative"}', 'a negative seq'),
    ('{"p_work_order": ""}', 'invalid_argument',
     '{"argument": "p_work_order", "reason": "does not have 1 to 200 characters"}',
     'an empty work order'),
    (jsonb_build_object('p_work_order', repeat('w', 201)), 'invalid_argument',
     '{"argument": "p_work_order", "reason": "does not have 1 to 200 characters"}',
     'a work order of 201 characters'),
    ('{"p_equipment": ""}', 'invalid_argument',
     '{"argument": "p_equipment", "reason": "does not have 1 to 200 characters"}',
     'an empty equipment'),
    (jsonb_build_object('p_equipment', repeat('e', 201)), 'invalid_argument',
     '{"argument": "p_equipment", "reason": "does not have 1 to 200 characters"}',
     'an equipment of 201 characters'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_occurred_at', '-infinity')) ->> 'code',
    'invalid_argument',
    'A consumption refuses a time without beginning');
SELECT tap.refuses(
    'both', 'consume_part', jsonb_build_object('p_part_id', tap.id(t.part), 'p_quantity', 1),
    404, 'part_not_found', jsonb_build_object('part_id', tap.id(t.part), 'quantity', 1),
    'A consumption refuses ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);
SELECT tap.refuses(
    'both', 'consume_part',
    jsonb_strip_nulls(jsonb_build_object(
        'p_part_id', tap.id(t.part), 'p_quantity', 1, 'p_stock_id', tap.id(t.stock))),
    404, 'stock_not_found',
    jsonb_strip_nulls(jsonb_build_object(
        'part_id', tap.id(t.part), 'quantity', 1, 'stock_id', tap.id(t.stock))),
    'A consumption refuses ' || t.what)
FROM (VALUES
    ('seal', NULL, 'a part of two stocks without saying which'),
    ('bolt', NULL, 'a part without a stock'),
    ('gasket', NULL, 'a part without a stock at its primary location'),
    ('filter', 'no stock', 'a stock that does not exist'),
    ('filter', 'belt in locker 2', 'a stock of another part'),
    ('filter', 'other filter in other locker', 'a stock of another yacht')
) AS t (part, stock, what);
SELECT tap.refuses(
    'crew', 'consume_part',
    jsonb_build_object('p_part_id', tap.id('seal'), 'p_quantity', 2,
                       'p_stock_id', tap.id('seal in locker 1')),
    409, 'insufficient_stock',
    jsonb_build_object('part_id', tap.id('seal'), 'stock_id', tap.id('seal in locker 1'),
                       'quantity', 2, 'on_hand', 1, 'seq', 1),
    'A consumption refuses more than the stock has, though the part has enough');
SELECT tap.refuses(
    'crew', 'consume_part',
    jsonb_build_object('p_part_id', tap.id('seal'), 'p_quantity', 1,
                       'p_stock_id', tap.id('seal in locker 2')),
    409, 'insufficient_stock',
    jsonb_build_object('part_id', tap.id('seal'), 'stock_id', tap.id('seal in locker 2'),
                       'quantity', 1, 'on_hand', 0, 'seq', 2),
    'A consumption refuses to take from an empty stock');
INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
VALUES (tap.id('yacht'), tap.id('bolt in locker 1'), tap.id('bolt'), tap.id('locker 1'));
SELECT tap.refuses(
    'crew', 'consume_part', jsonb_build_object('p_part_id', tap.id('bolt'), 'p_quantity', 1),
    409, 'insufficient_stock',
    jsonb_build_object('part_id', tap.id('bolt'), 'stock_id', tap.id('bolt in locker 1'),
                       'quantity', 1, 'on_hand', 0, 'seq', 0),
    'A consumption refuses to take from a stock that never had a movement');
SELECT tap.refuses(
    'crew', 'consume_part', jsonb_build_object('p_part_id', tap.id('relic'), 'p_quantity', 1),
    409, 'part_deactivated',
    jsonb_build_object('part_id', tap.id('relic'), 'quantity', 1),
    'A consumption refuses a deactivated part');
SELECT tap.refuses(
    'crew', 'consume_part', jsonb_build_object('p_part_id', tap.id('lamp'), 'p_quantity', 1),
    409, 'location_deactivated',
    jsonb_build_object('part_id', tap.id('lamp'), 'stock_id', tap.id('lamp in attic'),
                       'quantity', 1),
    'A consumption refuses a stock at a deactivated location');
SELECT tap.refuses(
    'crew', 'consume_part',
    jsonb_build_object('p_part_id', tap.id('seal'), 'p_quantity', 1, 'p_expected_seq', 7,
                       'p_stock_id', tap.id('seal in locker 1')),
    409, 'stale_count',
    jsonb_build_object('part_id', tap.id('seal'), 'stock_id', tap.id('seal in locker 1'),
                       'quantity', 1, 'on_hand', 1, 'seq', 1),
    'A consumption refuses a seq that is not the newest, and says which is');
SELECT tap.refuses(
    'crew', 'consume_part', '{"p_idempotency_key": null}', 400, 'invalid_argument',
    '{"argument": "p_part_id", "reason": "is required"}',
    'A consumption looks for its arguments before its key');

SELECT tap.is_gated(
    'consume_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1),
    tap.roles());

SELECT * FROM finish();
ROLLBACK;
