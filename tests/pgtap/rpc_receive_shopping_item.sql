BEGIN;
SELECT plan(52);
SELECT tap.fixture();
SELECT tap.shopping_list();

SELECT tap.is_rpc(
    'receive_shopping_item',
    ARRAY['uuid', 'uuid', 'integer', 'text', 'uuid', 'uuid', 'timestamp with time zone', 'text'],
    'volatile');

UPDATE public.pms_shopping_list_items AS i
SET supplier = 'Chandlery', reference = 'PO-1'
WHERE i.item_id = tap.id('half');
SET LOCAL "request.headers" = '{"x-request-id": "r-7"}';
CREATE TEMPORARY TABLE deliveries AS
SELECT 1 AS n, tap.trace('purser', 'receive_shopping_item', jsonb_build_object(
    'p_item_id', tap.id('half'), 'p_quantity', 1, 'p_idempotency_key', 'one',
    'p_notes', 'One box')) - 'audit' AS trace;
SELECT is(
    (SELECT d.trace #- '{answer,transaction_id}' FROM pg_temp.deliveries AS d),
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'receive_shopping_item', 'item_id', tap.id('half'),
            'status', 'ordered', 'quantity_received', 3, 'outstanding', 2,
            'part_id', tap.id('filter'), 'stock_id', tap.id('filter in locker 1'),
            'quantity_before', 17, 'quantity_after', 18, 'on_hand', 23),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_inventory_stock',
                         'public.pms_inventory_transactions', 'public.pms_shopping_list_items']),
    'A part of an order goes into stock, and the rest is outstanding; one status, 200');
SELECT is(
    tap.newest_movement(tap.id('filter in locker 1')),
    jsonb_build_object(
        'seq', 4, 'on_hand_before', 17, 'quantity_change', 1, 'on_hand_after', 18,
        'transaction_type', 'received', 'actor_id', tap.id('purser'), 'actor_role', 'purser',
        'idempotency_key', 'one', 'notes', 'One box',
        'metadata', '{"supplier": "Chandlery", "reference": "PO-1"}'::jsonb,
        'signature', '{}'::jsonb, 'cached', 18),
    'The delivery is one movement with the supplier and the reference of the order');
SELECT is(
    tap.newest_audit() - 'entity_id',
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('purser'), 'role', 'purser',
        'action', 'receive_shopping_item', 'entity_type', 'item', 'outcome', 'ok',
        'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "shopping", "request_id": "r-7"}'::jsonb),
    'The delivery is in the audit log once');
INSERT INTO pg_temp.deliveries
SELECT 2, tap.trace('captain', 'receive_shopping_item', jsonb_build_object(
    'p_item_id', tap.id('half'), 'p_quantity', 2, 'p_location_id', tap.id('engine room')));
SELECT is(
    (SELECT jsonb_build_array(d.trace #> '{answer,status}', d.trace #> '{answer,outstanding}',
                              d.trace #> '{answer,quantity_after}', d.trace #> '{answer,on_hand}')
     FROM pg_temp.deliveries AS d
     WHERE d.n = 2),
    '["received", 0, 2, 25]',
    'The rest completes the item, also at a location where a stock is opened for it');
SELECT is(
    (SELECT jsonb_build_object('status', i.status, 'received', i.quantity_received,
                               'transaction_id', i.received_transaction_id)
     FROM public.pms_shopping_list_items AS i
     WHERE i.item_id = tap.id('half')),
    (SELECT jsonb_build_object('status', 'received', 'received', 5,
                               'transaction_id', d.trace #> '{answer,transaction_id}')
     FROM pg_temp.deliveries AS d
     WHERE d.n = 2),
    'The item names the movement of its newest delivery');
SELECT bag_eq(
    $$SELECT t.transaction_id::text
      FROM public.pms_inventory_transactions AS t
      WHERE t.item_id = tap.id('half')$$,
    $$SELECT d.trace #>> '{answer,transaction_id}' FROM pg_temp.deliveries AS d
      UNION ALL
      VALUES (tap.id('delivery of half')::text)$$,
    'Each delivery names its item');
SELECT is(
    tap.call('captain', 'receive_shopping_item', jsonb_build_object(
        'p_item_id', tap.id('ordered'), 'p_quantity', 5,
        'p_stock_id', tap.id('filter in locker 2'))) ->> 'quantity_after',
    '10',
    'p_stock_id says where');

SELECT tap.refuses(
    'captain', 'receive_shopping_item',
    jsonb_build_object('p_item_id', tap.id(t.item), 'p_quantity', 1), 409, 'illegal_transition',
    jsonb_build_object('item_id', tap.id(t.item), 'status', t.status),
    'Nothing arrives of an item that is ' || t.status || ': ' || t.item)
FROM (VALUES
    ('requested', 'requested'),
    ('approved', 'approved'),
    ('half', 'received'),
    ('received', 'received'),
    ('rejected', 'rejected')
) AS t (item, status);
INSERT INTO public.pms_shopping_list_items
    (yacht_id, item_id, part_id, status, quantity, requested_by, decided_by, ordered_by)
SELECT tap.id('yacht'), tap.id(i.item), tap.id(i.part), 'ordered', 3, tap.id('crew'),
       tap.id('captain'), tap.id('captain')
FROM (VALUES ('belts', 'belt'), ('seals', 'seal'), ('lamps', 'lamp'), ('relics', 'relic'))
    AS i (item, part);
SELECT tap.refuses(
    'both', 'receive_shopping_item',
    jsonb_build_object('p_item_id', tap.id('belts'), 'p_quantity', 1) || t.argument, t.status,
    t.code, t.details, 'A delivery refuses ' || t.what)
FROM (VALUES
    ('{"p_item_id": null}'::jsonb, 400, 'invalid_argument',
     '{"argument": "p_item_id", "reason": "is required"}'::jsonb, 'no item'),
    ('{"p_quantity": null}', 400, 'invalid_quantity',
     '{"argument": "p_quantity", "reason": "is required"}', 'no quantity'),
    ('{"p_quantity": 0}', 400, 'invalid_quantity', '{"argument": "p_quantity", "quantity": 0}',
     'nothing'),
    ('{"p_quantity": 4}', 400, 'invalid_quantity',
     jsonb_build_object('item_id', tap.id('belts'), 'quantity', 4, 'outstanding', 3),
     'more than is outstanding'),
    (jsonb_build_object('p_stock_id', tap.id('belt in locker 2'),
                        'p_location_id', tap.id('locker 2')), 400, 'invalid_argument',
     '{"argument": "p_location_id", "reason": "excludes p_stock_id"}', 'two places'),
    ('{"p_occurred_at": "2100-01-01T00:00:00Z"}', 400, 'invalid_argument',
     '{"argument": "p_occurred_at", "reason": "lies in the future"}', 'a time to come'),
    ('{"p_idempotency_key": null}', 400, 'missing_idempotency_key', NULL, 'to go without a key'),
    (jsonb_build_object('p_item_id', tap.id('no item')), 404, 'item_not_found',
     jsonb_build_object('item_id', tap.id('no item')), 'an item that does not exist'),
    (jsonb_build_object('p_item_id', tap.id('other item')), 404, 'item_not_found',
     jsonb_build_object('item_id', tap.id('other item')),
     'an item of another yacht, also to a person of both'),
    (jsonb_build_object('p_item_id', tap.id('seals')), 404, 'stock_not_found',
     jsonb_build_object('item_id', tap.id('seals'), 'part_id', tap.id('seal'), 'quantity', 1),
     'a part of two stocks without saying which'),
    (jsonb_build_object('p_stock_id', tap.id('filter in locker 1')), 404, 'stock_not_found',
     jsonb_build_object('item_id', tap.id('belts'), 'part_id', tap.id('belt'), 'quantity', 1,
                        'stock_id', tap.id('filter in locker 1')),
     'a stock of another part'),
    (jsonb_build_object('p_location_id', tap.id('other locker')), 404, 'location_not_found',
     jsonb_build_object('item_id', tap.id('belts'), 'part_id', tap.id('belt'), 'quantity', 1,
                        'location_id', tap.id('other locker')),
     'a location of another yacht'),
    (jsonb_build_object('p_item_id', tap.id('lamps')), 409, 'location_deactivated',
     jsonb_build_object('item_id', tap.id('lamps'), 'part_id', tap.id('lamp'), 'quantity', 1),
     'a deactivated location'),
    (jsonb_build_object('p_item_id', tap.id('relics')), 409, 'part_deactivated',
     jsonb_build_object('item_id', tap.id('relics'), 'part_id', tap.id('relic')),
     'a deactivated part')
) AS t (argument, status, code, details, what);

SELECT tap.is_gated(
    'receive_shopping_item',
    jsonb_build_object('p_item_id', tap.id('belts'), 'p_quantity', 1),
    tap.heads());

SELECT * FROM finish();
ROLLBACK;
