BEGIN;
SELECT plan(82);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'receive_part',
    ARRAY['uuid', 'uuid', 'integer', 'text', 'uuid', 'text', 'text', 'uuid',
          'timestamp with time zone', 'text', 'integer'],
    'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-2"}';
SELECT is(
    tap.call('purser', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 12, 'p_idempotency_key', 'first',
        'p_supplier', 'Chandlery', 'p_reference', 'PO-1',
        'p_occurred_at', '2026-01-02T03:04:05Z', 'p_notes', 'Two boxes')) - 'transaction_id',
    jsonb_build_object(
        'success', true, 'action', 'receive_part', 'part_id', tap.id('filter'),
        'stock_id', tap.id('filter in locker 1'), 'quantity_before', 10, 'quantity_after', 22,
        'on_hand', 27),
    'A delivery goes to the primary stock; on_hand is of the part over all its stocks');
SELECT is(tap.status(), 201, 'A delivery is answered with 201');
SELECT is(
    tap.newest_movement(tap.id('filter in locker 1')),
    jsonb_build_object(
        'seq', 2, 'on_hand_before', 10, 'quantity_change', 12, 'on_hand_after', 22,
        'transaction_type', 'received', 'actor_id', tap.id('purser'), 'actor_role', 'purser',
        'idempotency_key', 'first', 'notes', 'Two boxes',
        'metadata', '{"supplier": "Chandlery", "reference": "PO-1"}'::jsonb,
        'signature', '{}'::jsonb, 'cached', 22),
    'A delivery is one positive movement with supplier and reference, and the cache follows');
SELECT is(
    (SELECT t.occurred_at
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'first'),
    timestamptz '2026-01-02T03:04:05Z',
    'p_occurred_at is kept');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('purser'), 'role', 'purser',
        'action', 'receive_part', 'entity_type', 'part', 'entity_id', tap.id('filter'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "stock", "request_id": "r-2"}'::jsonb),
    'A delivery is in the audit log with its request');
SELECT is(
    tap.trace('double', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_stock_id', tap.id('filter in locker 2')))
        #- '{answer,transaction_id}' #- '{audit}',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'receive_part', 'part_id', tap.id('filter'),
            'stock_id', tap.id('filter in locker 2'), 'quantity_before', 5, 'quantity_after', 6,
            'on_hand', 28),
        'status', 201, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_inventory_stock',
                         'public.pms_inventory_transactions']),
    'p_stock_id names the stock; of two roles the one that may counts');
SELECT is(
    tap.newest_audit() ->> 'role', 'purser', 'The audit row names the role that counted');
SELECT is(
    tap.call('captain', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_location_id', tap.id('locker 2')))
        ->> 'stock_id',
    tap.id('filter in locker 2')::text,
    'p_location_id names the stock that is there');
SELECT is(
    tap.trace('captain', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_location_id', tap.id('engine room')))
        -> 'answer' -> 'quantity_before',
    '0',
    'At a location without a stock one is opened');
SELECT is(
    (SELECT jsonb_agg(jsonb_build_object('location_id', s.location_id, 'quantity', s.quantity))
     FROM public.pms_inventory_stock AS s
     WHERE s.part_id = tap.id('filter')
       AND s.stock_id <> ALL (ARRAY[tap.id('filter in locker 1'), tap.id('filter in locker 2')])),
    jsonb_build_array(jsonb_build_object('location_id', tap.id('engine room'), 'quantity', 1)),
    'The new stock is at that location');
SELECT is(
    tap.call('captain', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('gasket'), 'p_quantity', 2))
        - ARRAY['transaction_id', 'stock_id'],
    jsonb_build_object(
        'success', true, 'action', 'receive_part', 'part_id', tap.id('gasket'),
        'quantity_before', 0, 'quantity_after', 2, 'on_hand', 2),
    'A part without a stock gets one at its primary location');
SELECT is(
    (SELECT s.location_id
     FROM public.pms_inventory_stock AS s
     WHERE s.part_id = tap.id('gasket')),
    tap.id('locker 1'),
    'The first stock is at the primary location');
SELECT is(
    tap.call('captain', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 1)) ->> 'stock_id',
    tap.id('belt in locker 2')::text,
    'Without a primary location the only stock is meant');
SELECT is(
    tap.call('captain', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 1, 'p_expected_seq', 2)) ->> 'success',
    'true',
    'The expected seq lets the call through');
SELECT is(
    tap.call('captain', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 1) || t.argument) ->> 'success',
    'true',
    'A delivery takes ' || t.what)
FROM (VALUES
    (jsonb_build_object('p_notes', repeat('n', 2000)), 'notes of 2000 characters'),
    (jsonb_build_object('p_supplier', repeat('s', 200)), 'a supplier of 200 characters'),
    (jsonb_build_object('p_reference', repeat('r', 200)), 'a reference of 200 characters'),
    ('{"p_quantity": 1000000}'::jsonb, '1000000 at once')
) AS t (argument, what);
SELECT lives_ok(
    $$INSERT INTO public.pms_inventory_transactions
          (yacht_id, stock_id, quantity_change, transaction_type)
      VALUES (tap.id('yacht'), tap.id('seal in locker 1'), 2147483645, 'received')$$,
    'There are 2147483646 seals in a stock');
SELECT is(
    tap.call('captain', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 1, 'p_location_id', tap.id('locker 1')))
        ->> 'quantity_after',
    '1',
    'A part of one stock may get a second by p_location_id');

SELECT tap.refuses(
    'captain', 'receive_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1) || t.argument, 400, t.code,
    t.details, 'A delivery refuses ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_part_id", "reason": "is required"}'::jsonb, 'no part'),
    ('{"p_quantity": null}', 'invalid_quantity',
     '{"argument": "p_quantity", "reason": "is required"}', 'no quantity'),
    ('{"p_quantity": 0}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 0}', 'nothing'),
    ('{"p_quantity": -2147483648}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": -2147483648}',
     'less than nothing'),
    ('{"p_quantity": 1000001}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 1000001}',
     'more than 1000000 at once'),
    (jsonb_build_object('p_occurred_at', clock_timestamp() + interval '10 minutes'),
     'invalid_argument', '{"argument": "p_occurred_at", "reason": "lies in the future"}',
     'a time ten minutes ahead'),
    (jsonb_build_object('p_notes', repeat('n', 2001)), 'invalid_argument',
     '{"argument": "p_notes", "reason": "is longer than 2000 characters"}',
     'notes of 2001 characters'),
    ('{"p_expected_seq": -1}', 'invalid_argument',
     '{"argument": "p_expected_seq", "reason": "is negative"}', 'a negative seq'),
    ('{"p_supplier": ""}', 'invalid_argument',
     '{"argument": "p_supplier", "reason": "does not have 1 to 200 characters"}',
     'an empty supplier'),
    (jsonb_build_object('p_supplier', repeat('s', 201)), 'invalid_argument',
     '{"argument": "p_supplier", "reason": "does not have 1 to 200 characters"}',
     'a supplier of 201 characters'),
    ('{"p_reference": ""}', 'invalid_argument',
     '{"argument": "p_reference", "reason": "does not have 1 to 200 characters"}',
     'an empty reference'),
    (jsonb_build_object('p_reference', repeat('r', 201)), 'invalid_argument',
     '{"argument": "p_reference", "reason": "does not have 1 to 200 characters"}',
     'a reference of 201 characters'),
    (jsonb_build_object('p_stock_id', tap.id('filter in locker 1'),
                        'p_location_id', tap.id('locker 1')), 'invalid_argument',
     '{"argument": "p_location_id", "reason": "excludes p_stock_id"}',
     'a stock and a location at once'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);
SELECT tap.refuses(
    'both', 'receive_part', jsonb_build_object('p_part_id', tap.id(t.part), 'p_quantity', 1),
    404, 'part_not_found', jsonb_build_object('part_id', tap.id(t.part), 'quantity', 1),
    'A delivery refuses ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);
SELECT tap.refuses(
    'both', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('no part'), 'p_quantity', 1, t.argument, tap.id(t.place)),
    404, 'part_not_found',
    jsonb_strip_nulls(jsonb_build_object(
        'part_id', tap.id('no part'), 'quantity', 1, 'stock_id', t.named)),
    'A delivery refuses a part that does not exist, with ' || t.argument)
FROM (VALUES
    ('p_stock_id', 'filter in locker 1', tap.id('filter in locker 1')),
    ('p_location_id', 'locker 1', NULL)
) AS t (argument, place, named);
SELECT tap.refuses(
    'both', 'receive_part',
    jsonb_strip_nulls(jsonb_build_object(
        'p_part_id', tap.id(t.part), 'p_quantity', 1, 'p_stock_id', tap.id(t.stock))),
    404, 'stock_not_found',
    jsonb_strip_nulls(jsonb_build_object(
        'part_id', tap.id(t.part), 'quantity', 1, 'stock_id', tap.id(t.stock))),
    'A delivery refuses ' || t.what)
FROM (VALUES
    ('seal', NULL, 'a part of two stocks without saying which'),
    ('bolt', NULL, 'a part of which nobody knows where it lies'),
    ('filter', 'no stock', 'a stock that does not exist'),
    ('filter', 'belt in locker 2', 'a stock of another part'),
    ('filter', 'other filter in other locker', 'a stock of another yacht')
) AS t (part, stock, what);
SELECT tap.refuses(
    'both', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_location_id', tap.id(t.location)),
    404, 'location_not_found',
    jsonb_build_object('part_id', tap.id('filter'), 'quantity', 1),
    'A delivery refuses ' || t.what)
FROM (VALUES
    ('no location', 'a location that does not exist'),
    ('other locker', 'a location of another yacht')
) AS t (location, what);
SELECT tap.refuses(
    'captain', 'receive_part',
    jsonb_build_object('p_part_id', tap.id('relic'), 'p_quantity', 1) || t.argument,
    409, 'part_deactivated',
    jsonb_build_object('part_id', tap.id('relic'), 'quantity', 1) || t.details,
    'A delivery refuses a deactivated part, ' || t.what)
FROM (VALUES
    ('{}'::jsonb, '{}'::jsonb, 'at its primary stock'),
    (jsonb_build_object('p_stock_id', tap.id('relic in locker 1')),
     jsonb_build_object('stock_id', tap.id('relic in locker 1')), 'at a named stock'),
    (jsonb_build_object('p_location_id', tap.id('locker 2')), '{}', 'at a new location')
) AS t (argument, details, what);
SELECT is(
    tap.trace('captain', 'receive_part',
              jsonb_build_object('p_part_id', tap.id('lamp'), 'p_quantity', 1) || t.argument)
        #- '{answer,details}' #- '{answer,message}' #- '{answer,hint}' #- '{audit}',
    '{"answer": {"code": "location_deactivated"}, "status": 409, "changed": [], "denied": 0}',
    'A delivery refuses a deactivated location, ' || t.what)
FROM (VALUES
    ('{}'::jsonb, 'at the primary stock'),
    (jsonb_build_object('p_stock_id', tap.id('lamp in attic')), 'at a named stock'),
    (jsonb_build_object('p_location_id', tap.id('attic')), 'at a named location'),
    (jsonb_build_object('p_part_id', tap.id('filter'), 'p_location_id', tap.id('attic')),
     'where there is no stock yet')
) AS t (argument, what);
SELECT tap.refuses(
    'captain', 'receive_part',
    jsonb_build_object('p_part_id', tap.id('belt'), 'p_quantity', 1, 'p_expected_seq', 1,
                       'p_stock_id', tap.id('belt in locker 2')),
    409, 'stale_count',
    (SELECT jsonb_build_object('part_id', tap.id('belt'), 'stock_id', t.stock_id, 'quantity', 1,
                               'on_hand', t.on_hand_after, 'seq', t.seq)
     FROM public.pms_inventory_transactions AS t
     WHERE t.stock_id = tap.id('belt in locker 2')
     ORDER BY t.seq DESC
     LIMIT 1),
    'A delivery refuses a seq that is not the newest, and says which is');
SELECT tap.refuses(
    'captain', 'receive_part',
    jsonb_build_object('p_part_id', tap.id('bolt'), 'p_quantity', 1, 'p_expected_seq', 1,
                       'p_location_id', tap.id('locker 2')),
    409, 'stale_count', t.details,
    'A delivery to a new stock refuses a seq, and opens no stock')
FROM (
    SELECT jsonb_build_object('part_id', tap.id('bolt'), 'quantity', 1, 'on_hand', 0, 'seq', 0)
) AS t (details);
SELECT tap.refuses(
    'captain', 'receive_part',
    jsonb_build_object('p_part_id', tap.id('seal'), 'p_quantity', 2,
                       'p_stock_id', tap.id('seal in locker 1')),
    400, 'invalid_quantity',
    jsonb_build_object('part_id', tap.id('seal'), 'stock_id', tap.id('seal in locker 1'),
                       'quantity', 2),
    'A delivery refuses more than a stock can hold');
SELECT lives_ok(
    $$SELECT tap.call('captain', 'receive_part', jsonb_build_object(
          'p_part_id', tap.id('seal'), 'p_quantity', 1,
          'p_stock_id', tap.id('seal in locker 1')))$$,
    'A delivery may bring a part over 2147483647 in two stocks');

SELECT tap.is_gated(
    'receive_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1),
    tap.heads());

SELECT * FROM finish();
ROLLBACK;
