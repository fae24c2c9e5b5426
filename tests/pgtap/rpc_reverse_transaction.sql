BEGIN;
SELECT plan(68);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'reverse_transaction',
    ARRAY['uuid', 'uuid', 'text', 'text', 'jsonb', 'timestamp with time zone', 'text', 'integer'],
    'volatile');

CREATE TEMPORARY TABLE made AS
SELECT m.type, m.answer, (m.answer ->> 'transaction_id')::uuid AS id
FROM (VALUES
    ('consumed', tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 4))),
    ('received', tap.call('purser', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 3))),
    ('write_off', tap.call('crew', 'write_off_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_reason', 'Wet'))),
    ('adjusted', tap.call('captain', 'adjust_stock_quantity', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_counted_quantity', 7, 'p_reason', 'Count'))),
    ('transferred_out', tap.call('crew', 'transfer_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 2)))
) AS m (type, answer);

SELECT tap.refuses_signed(
    'purser', 'reverse_transaction',
    jsonb_build_object('p_transaction_id', m.id, 'p_reason', 'Mistake'),
    403, 'role_not_allowed', '{"role": "purser"}',
    'A purser, who may not count, does not reverse a count')
FROM pg_temp.made AS m
WHERE m.type = 'adjusted';
-- filter in locker 1: 10 - 4 + 3 - 1 - 1 - 2 = 5.
SELECT is(
    (SELECT jsonb_build_array(r.answer -> 'quantity_before', r.answer -> 'quantity_after',
                              r.answer ->> 'reverses_transaction_id' = m.id::text)
     FROM (SELECT tap.call('captain', 'reverse_transaction', jsonb_build_object(
         'p_transaction_id', m.id, 'p_reason', 'Mistake')) AS answer) AS r),
    jsonb_build_array(m.before, m.after, true),
    'A movement is undone whose type is ' || m.type)
FROM (
    SELECT made.id, made.type, w.before, w.after, w.place
    FROM (VALUES (1, 'consumed', 5, 9), (2, 'received', 9, 6), (3, 'write_off', 6, 7),
                 (4, 'adjusted', 7, 8)) AS w (place, type, before, after)
    JOIN pg_temp.made USING (type)
    ORDER BY w.place
) AS m;
SELECT is(tap.status(), 201, 'A reversal is answered with 201');
CREATE TEMPORARY TABLE both_legs AS
SELECT tap.call('purser', 'reverse_transaction', jsonb_build_object(
    'p_transaction_id', m.answer #>> '{legs,1,transaction_id}', 'p_reason', 'Mistake',
    'p_idempotency_key', 'legs')) AS answer
FROM pg_temp.made AS m
WHERE m.type = 'transferred_out';
SELECT is(
    (SELECT jsonb_agg(l.leg - ARRAY['transaction_id', 'reverses_transaction_id', 'part_id'])
     FROM pg_temp.both_legs AS b
     CROSS JOIN jsonb_array_elements(b.answer -> 'legs') AS l (leg)),
    jsonb_build_array(
        jsonb_build_object('stock_id', tap.id('filter in locker 1'), 'quantity_before', 8,
                           'quantity_after', 10),
        jsonb_build_object('stock_id', tap.id('filter in locker 2'), 'quantity_before', 7,
                           'quantity_after', 5)),
    'Both legs of a transfer are undone together, whichever is named');
SELECT is(
    (SELECT jsonb_build_array(count(*), count(DISTINCT t.signature_id), sum(t.quantity_change))
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'legs'),
    '[2, 1, 0]',
    'Both reversals are under one signature');
SELECT tap.refuses_signed(
    'captain', 'reverse_transaction',
    jsonb_build_object('p_transaction_id', m.id, 'p_reason', 'Again'),
    409, 'already_reversed', jsonb_build_object('transaction_id', m.id),
    'No movement is reversed twice whose type is ' || m.type)
FROM pg_temp.made AS m;
SELECT tap.refuses_signed(
    'captain', 'reverse_transaction',
    jsonb_build_object('p_transaction_id', b.answer -> 'transaction_id', 'p_reason', 'Undo'),
    409, 'not_reversible',
    jsonb_build_object('transaction_id', b.answer -> 'transaction_id'),
    'No reversal is reversed')
FROM pg_temp.both_legs AS b;
SELECT tap.refuses_signed(
    'both', 'reverse_transaction',
    jsonb_build_object('p_transaction_id', tap.id(t.movement), 'p_reason', 'Mistake'),
    404, 'transaction_not_found', jsonb_build_object('transaction_id', tap.id(t.movement)),
    'A reversal refuses ' || t.what)
FROM (VALUES
    ('no movement', 'a movement that does not exist'),
    ('opening of other filter in other locker', 'a movement of another yacht')
) AS t (movement, what);
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 1)) ->> 'success',
    'true',
    'Of three belts one is taken');
SELECT tap.refuses_signed(
    'captain', 'reverse_transaction',
    jsonb_build_object('p_transaction_id', tap.id('opening of ' || t.stock), 'p_reason', 'Mistake')
        || t.more,
    409, t.code,
    jsonb_build_object('part_id', tap.id(t.part), 'stock_id', tap.id(t.stock),
                       'quantity', t.quantity) || t.details,
    'A reversal refuses ' || t.what)
FROM (VALUES
    ('belt in locker 2', 'belt', 3, '{}'::jsonb, 'insufficient_stock',
     '{"seq": 2, "on_hand": 2}'::jsonb, 'to take more than there is left'),
    ('belt in locker 2', 'belt', 3, '{"p_expected_seq": 1}', 'stale_count',
     '{"seq": 2, "on_hand": 2}', 'a seq that is not the newest'),
    ('relic in locker 1', 'relic', 2, '{}', 'part_deactivated', '{}', 'a deactivated part'),
    ('lamp in attic', 'lamp', 1, '{}', 'location_deactivated', '{}', 'a deactivated location')
) AS t (stock, part, quantity, more, code, details, what);
SELECT tap.refuses(
    'captain', 'reverse_transaction',
    jsonb_build_object('p_transaction_id', tap.id('opening of seal in locker 1'),
                       'p_reason', 'Mistake') || t.argument,
    400, t.code, t.details, 'A reversal refuses ' || t.what)
FROM (VALUES
    ('{"p_transaction_id": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_transaction_id", "reason": "is required"}'::jsonb, 'no movement'),
    ('{"p_reason": null}', 'invalid_argument',
     '{"argument": "p_reason", "reason": "is required"}', 'no reason'),
    ('{"p_signature": null}', 'signature_required', NULL, 'no signature'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);

-- A delivery of the shopping list: 'half' has two of five, and gets three more.
SELECT tap.shopping_list();
CREATE TEMPORARY TABLE delivery AS
SELECT (tap.call('purser', 'receive_shopping_item', jsonb_build_object(
    'p_item_id', tap.id('half'), 'p_quantity', 3)) ->> 'transaction_id')::uuid AS id;
SELECT is(
    (SELECT jsonb_build_array(
         tap.call('purser', 'reverse_transaction', jsonb_build_object(
             'p_transaction_id', d.id, 'p_reason', 'Wrong box')) ->> 'item_id',
         tap.call('crew', 'reverse_transaction', jsonb_build_object(
             'p_transaction_id', d.id, 'p_reason', 'Wrong box')) ->> 'code')
     FROM pg_temp.delivery AS d),
    jsonb_build_array(tap.id('half'), 'role_not_allowed'),
    'A delivery is undone, and its item named');
SELECT results_eq(
    $$SELECT i.status, i.quantity_received, i.received_transaction_id
      FROM public.pms_shopping_list_items AS i
      WHERE i.item_id = tap.id('half')$$,
    $$VALUES ('ordered', 2, tap.id('delivery of half'))$$,
    'Its item has what the other delivery brought, and the rest is on order again');
SELECT is(
    tap.call('captain', 'reverse_transaction', jsonb_build_object(
        'p_transaction_id', tap.id('delivery of half'), 'p_reason', 'Wrong box too')) ->> 'success',
    'true',
    'So is the delivery before it');
SELECT results_eq(
    $$SELECT i.status, i.quantity_received, i.received_transaction_id, i.received_at
      FROM public.pms_shopping_list_items AS i
      WHERE i.item_id = tap.id('half')$$,
    $$VALUES ('ordered', 0, NULL::uuid, NULL::timestamptz)$$,
    'Then nothing of it has arrived');
SELECT is(
    tap.call('captain', 'reverse_transaction', jsonb_build_object(
        'p_transaction_id', tap.id('opening of seal in locker 2'), 'p_reason', 'Never there'))
        -> 'quantity_after',
    '0',
    'A movement is undone whose type is opening');

-- A leg that somebody else wrote, whose counterpart is of another transfer.
CREATE TEMPORARY TABLE legs AS
SELECT gen_random_uuid() AS one_sided, gen_random_uuid() AS other;
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, transaction_id, transaction_type, quantity_change, counterpart_id)
SELECT tap.id('yacht'), tap.id(m.stock), m.id, 'transferred_in', 1, m.counterpart
FROM pg_temp.legs AS l
CROSS JOIN LATERAL (VALUES
    ('belt in locker 2', l.one_sided, l.other),
    ('seal in locker 1', l.other, gen_random_uuid())
) AS m (stock, id, counterpart);
SELECT is(
    (SELECT tap.call('captain', 'reverse_transaction', jsonb_build_object(
         'p_transaction_id', l.one_sided, 'p_reason', 'Mistake')) ? 'legs'
     FROM pg_temp.legs AS l),
    false,
    'What does not name the movement is no leg of its transfer');

-- The ledger is long: 2000 movements of another stock.
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, transaction_type, quantity_change)
SELECT tap.id('yacht'), tap.id('seal in locker 1'), 'received', 1
FROM generate_series(1, 2000);
ANALYZE public.pms_inventory_transactions;
CREATE FUNCTION pg_temp.movements_read()
    RETURNS bigint
    LANGUAGE sql
    VOLATILE
AS $function$
    SELECT u.seq_tup_read + u.idx_tup_fetch
    FROM pg_catalog.pg_stat_xact_user_tables AS u
    WHERE u.relid = 'public.pms_inventory_transactions'::regclass
$function$;
CREATE TEMPORARY TABLE long AS
SELECT (tap.call('crew', 'transfer_part', jsonb_build_object(
    'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
    'p_to_location_id', tap.id('locker 2'), 'p_quantity', 1)) ->> 'transaction_id')::uuid AS id,
    pg_temp.movements_read() AS read_before;
SELECT is(
    (SELECT jsonb_array_length(tap.call('captain', 'reverse_transaction', jsonb_build_object(
         'p_transaction_id', l.id, 'p_reason', 'Mistake')) -> 'legs')
     FROM pg_temp.long AS l),
    2,
    'A transfer is undone in a long ledger');
SELECT cmp_ok(
    (SELECT pg_temp.movements_read() - l.read_before FROM pg_temp.long AS l), '<', 100::bigint,
    'Neither leg is looked for in all of it');

SELECT tap.is_gated(
    'reverse_transaction',
    jsonb_build_object('p_transaction_id', tap.id('opening of seal in locker 1'),
                       'p_reason', 'Mistake'),
    tap.heads());

SELECT tap.is_signed(
    'reverse_transaction',
    jsonb_build_object('p_transaction_id', tap.id('opening of seal in locker 1'),
                       'p_reason', 'Mistake'));

SELECT * FROM finish();
ROLLBACK;
