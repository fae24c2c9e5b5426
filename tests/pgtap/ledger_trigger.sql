-- The trigger of the ledger: it completes a plain INSERT under the lock of the stock, and refuses
-- values that differ from its own.

BEGIN;
SELECT plan(45);
SELECT tap.fleet();
-- A table with checks still to come cannot be altered.
SET CONSTRAINTS ALL IMMEDIATE;

SELECT trigger_is('public', 'pms_inventory_transactions', 't20_complete_movement', 'private',
                  'complete_movement', 'the ledger has the trigger that completes a movement');

-- As an older system writes to the same ledger.
INSERT INTO public.pms_inventory_transactions
    (yacht_id, transaction_id, stock_id, quantity_change, transaction_type)
VALUES
    (tap.id('yacht'), tap.id('plain'), tap.id('filter in locker'), -2, 'consumed'),
    (tap.id('yacht'), tap.id('plain first'), tap.id('filter in bin'), 4, 'received');

SELECT results_eq(
    $$SELECT t.seq, t.prev_seq, t.on_hand_before, t.quantity_change, t.on_hand_after,
             t.occurred_at = t.recorded_at, t.signature::jsonb, t.is_reversal
      FROM public.pms_inventory_transactions AS t
      WHERE t.transaction_id IN (tap.id('plain'), tap.id('plain first'))
      ORDER BY t.seq DESC$$,
    $$VALUES (3, 2, 7, -2, 5, true, '{}'::jsonb, false),
             (1, NULL, 0, 4, 4, true, '{}', false)$$,
    'a plain INSERT gets its seq, its balance and its time');
SELECT results_eq(
    $$SELECT s.stock_id, s.quantity
      FROM public.pms_inventory_stock AS s
      WHERE s.part_id = tap.id('filter')
      ORDER BY s.quantity$$,
    $$VALUES (tap.id('filter in bin'), 4), (tap.id('filter in locker'), 5)$$,
    'the cached quantity follows the movement');
SELECT ok(
    t.recorded_at BETWEEN now() AND clock_timestamp(),
    'recorded_at is the clock''s time')
FROM public.pms_inventory_transactions AS t
WHERE t.transaction_id = tap.id('plain');

INSERT INTO public.pms_inventory_transactions
    (yacht_id, transaction_id, stock_id, quantity_change, transaction_type)
VALUES
    (tap.id('yacht'), tap.id('twice 1'), tap.id('gasket in bin'), 4, 'received'),
    (tap.id('yacht'), tap.id('twice 2'), tap.id('gasket in bin'), 2, 'received');
SELECT results_eq(
    $$SELECT t.transaction_id, t.seq, t.on_hand_before, t.on_hand_after
      FROM public.pms_inventory_transactions AS t
      WHERE t.stock_id = tap.id('gasket in bin')
      ORDER BY t.seq$$,
    $$VALUES (tap.id('twice 1'), 1, 0, 4), (tap.id('twice 2'), 2, 4, 6)$$,
    'two movements of one statement follow each other');

-- The next movement: seq 4, 5 before, -1, 4 after.
SELECT is(
    tap.outcome('superuser', NULL, format(
        'SELECT tap.insert_movement(%L)', tap.movement('consumed') || v.given::jsonb)),
    v.outcome,
    'supplied ' || v.description)
FROM (VALUES
    ('{"seq": 4, "on_hand_before": 5, "on_hand_after": 4}', 'ok', 'values that agree are taken'),
    ('{"seq": 3}', '23514 movement_does_not_follow', 'seq that is taken is refused'),
    ('{"seq": 5}', '23514 movement_does_not_follow', 'seq that leaves a gap is refused'),
    ('{"seq": 0}', '23514 movement_does_not_follow', 'seq 0 is refused'),
    ('{"on_hand_before": 4}', '23514 movement_does_not_follow',
     'on_hand_before that is too small is refused'),
    ('{"on_hand_before": 6}', '23514 movement_does_not_follow',
     'on_hand_before that is too large is refused'),
    ('{"on_hand_after": 3}', '23514 movement_does_not_follow',
     'on_hand_after that is too small is refused'),
    ('{"on_hand_after": 5}', '23514 movement_does_not_follow',
     'on_hand_after that is too large is refused'),
    (format('{"recorded_at": "%s"}', now() - interval '1 hour'), '23514 movement_does_not_follow',
     'recorded_at before the movement before it is refused'),
    (format('{"recorded_at": "%s"}', now() + interval '1 hour'), '23514 movement_does_not_follow',
     'recorded_at in the future is refused'),
    (format('{"occurred_at": "%s"}', now() - interval '10 years'), 'ok',
     'occurred_at long ago is taken'),
    (format('{"occurred_at": "%s"}', now() + interval '1 minute'), 'ok',
     'occurred_at a minute ahead is taken'),
    (format('{"occurred_at": "%s"}', now() + interval '5 minutes'),
     '23514 new row for relation "pms_inventory_transactions" violates check constraint "it_happened_before_it_was_recorded"',
     'occurred_at five minutes ahead is refused')
) AS v (given, outcome, description);

SELECT is(
    tap.outcome('superuser', NULL, format(
        'SELECT tap.insert_movement(%L)', tap.movement(v.type) || v.changes)),
    v.outcome,
    v.description)
FROM (VALUES
    ('consumed', '{"quantity_change": -6}'::jsonb,
     '23514 new row for relation "pms_inventory_transactions" violates check constraint "on_hand_is_never_negative"',
     'more than there is cannot be consumed'),
    ('consumed', '{"quantity_change": -5}', 'ok', 'all that there is can be consumed'),
    ('received', '{"quantity_change": 2147483647}', '22003 integer out of range',
     'more than an integer holds cannot be received'),
    ('consumed', jsonb_build_object('yacht_id', tap.id('other yacht')), '23503 stock_not_found',
     'a row of another yacht finds no stock'),
    ('consumed', jsonb_build_object('stock_id', tap.id('no stock')), '23503 stock_not_found',
     'a row without a stock is refused'),
    ('reversed', '{"quantity_change": 2}', '23514 reversal_does_not_undo',
     'a reversal of part of a change is refused'),
    ('reversed', '{"quantity_change": -3}', '23514 reversal_does_not_undo',
     'a reversal with the sign of the original is refused'),
    ('reversed', jsonb_build_object('reverses_transaction_id', tap.id('no movement')),
     '23514 reversal_does_not_undo', 'a reversal of no movement is refused'),
    ('reversed', jsonb_build_object('reverses_transaction_id', tap.id('other opening'),
                                    'quantity_change', -5),
     '23514 reversal_does_not_undo', 'a reversal of a movement of another yacht is refused'),
    ('reversed', jsonb_build_object('stock_id', tap.id('filter in bin')),
     '23514 reversal_does_not_undo', 'a reversal on another stock is refused'),
    ('reversed', '{}', 'ok', 'a reversal with the opposite change is taken'),
    ('received', jsonb_build_object('usage_id', tap.id('usage')),
     '23514 only_consumption_is_used_for_something', 'a delivery is used for nothing'),
    ('transferred_out', '{"counterpart_id": null}', '23514 transfer_has_two_legs',
     'an outgoing leg without its counterpart is refused'),
    ('transferred_in', '{"counterpart_id": null}', '23514 transfer_has_two_legs',
     'an incoming leg without its counterpart is refused'),
    ('consumed', jsonb_build_object('counterpart_id', tap.id('counterpart')),
     '23514 transfer_has_two_legs', 'a consumption with a counterpart is refused'),
    ('transferred_out', '{}', 'ok', 'a leg that names its counterpart is taken'),
    ('opening', '{}',
     '23514 new row for relation "pms_inventory_transactions" violates check constraint "opening_is_the_first"',
     'an opening after other movements is refused')
) AS v (type, changes, outcome, description);

SELECT tap.insert_movement(tap.movement('reversed') || jsonb_build_object(
    'transaction_id', tap.id('reversal')));
SELECT throws_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement('reversed') || jsonb_build_object(
        'reverses_transaction_id', tap.id('reversal'), 'quantity_change', -3)),
    '23514', 'reversal_does_not_undo', 'a reversal of a reversal is refused');
SELECT throws_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement('consumed') || '{"quantity_change": null}'),
    '23502', NULL, 'a movement without a change is refused');

-- recorded_at never runs backwards: the movement before it was written by a clock that was ahead.
ALTER TABLE public.pms_inventory_transactions DISABLE TRIGGER t20_complete_movement;
SELECT tap.insert_movement(tap.movement_by_hand('received') || jsonb_build_object(
    'transaction_id', tap.id('ahead'), 'stock_id', tap.id('filter in bin'), 'seq', 2,
    'on_hand_before', 4, 'on_hand_after', 5, 'recorded_at', now() + interval '1 hour'));
ALTER TABLE public.pms_inventory_transactions ENABLE ALWAYS TRIGGER t20_complete_movement;
SELECT tap.insert_movement(tap.movement('consumed') || jsonb_build_object(
    'transaction_id', tap.id('after ahead'), 'stock_id', tap.id('filter in bin')));
SELECT results_eq(
    $$SELECT t.transaction_id, t.seq, t.recorded_at
      FROM public.pms_inventory_transactions AS t
      WHERE t.stock_id = tap.id('filter in bin')
        AND t.seq >= 2
      ORDER BY t.seq$$,
    $$VALUES (tap.id('ahead'), 2, now() + interval '1 hour'),
             (tap.id('after ahead'), 3, now() + interval '1 hour')$$,
    'recorded_at is never earlier than that of the movement before it');

-- Deactivated parts and locations.
UPDATE public.pms_parts AS p SET deleted_at = now() WHERE p.part_id = tap.id('filter');
SELECT throws_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement('consumed')),
    '23514', 'part_deactivated', 'a part that is deactivated takes no movement');
SELECT throws_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement('received') || jsonb_build_object(
        'stock_id', tap.id('filter in bin'))),
    '23514', 'part_deactivated', 'nor does it on its other stock');
UPDATE public.pms_parts AS p SET deleted_at = NULL WHERE p.part_id = tap.id('filter');
SELECT lives_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement('consumed')),
    'a part that is active again takes movements again');
UPDATE public.pms_part_locations AS l SET deleted_at = now() WHERE l.location_id = tap.id('locker');
SELECT throws_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement('consumed')),
    '23514', 'location_deactivated', 'a location that is deactivated takes no movement');
SELECT lives_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement('received') || jsonb_build_object(
        'stock_id', tap.id('filter in bin'))),
    'the part''s stock at another location still takes movements');

SELECT results_eq(
    $$SELECT s.stock_id, s.part_is_active, s.location_is_active
      FROM public.pms_inventory_stock AS s
      WHERE s.location_id IN (tap.id('locker'), tap.id('bin'))
      ORDER BY s.location_is_active, s.part_id = tap.id('gasket')$$,
    $$VALUES (tap.id('filter in locker'), true, false),
             (tap.id('filter in bin'), true, true),
             (tap.id('gasket in bin'), true, true)$$,
    'a stock follows the state of its part and of its location');

SELECT is_empty(
    'SELECT v.stock_id FROM private.check_inventory_drift() AS v',
    'after all that ledger and cache agree');

SELECT * FROM finish();
ROLLBACK;
