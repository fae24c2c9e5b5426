-- Each constraint of the ledger, with the trigger disabled: otherwise the trigger would refuse
-- first and the test would prove nothing of the constraint. Each movement here is faultless but
-- for what the description says (tap.movement_by_hand).

BEGIN;
SELECT plan(72);
SELECT tap.fleet();

ALTER TABLE public.pms_inventory_transactions DISABLE TRIGGER t20_complete_movement;
-- Deferred to the commit, which a test does not reach.
SET CONSTRAINTS ALL IMMEDIATE;

-- Every constraint is tried below, but movement_as_its_reversal_sees_it, which the primary key
-- implies and which is there for a foreign key to refer to.
SELECT set_eq(
    $$SELECT k.conname::text
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = 'public.pms_inventory_transactions'::regclass$$,
    ARRAY[
        'after_is_before_and_change', 'change_is_not_0', 'delivery_is_of_an_item_of_its_yacht',
        'it_happened_before_it_was_recorded',
        'movement_as_its_reversal_sees_it', 'movement_as_the_next_one_sees_it',
        'movement_follows_the_one_before', 'movement_has_one_successor',
        'movement_is_of_a_stock_of_its_yacht', 'on_hand_is_never_negative',
        'only_deliveries_are_of_an_item', 'opening_is_the_first',
        'pms_inventory_transactions_pkey', 'reversal_names_what_it_reverses',
        'reversal_undoes_a_movement_of_its_stock', 'seq_begins_at_1', 'signature_has_its_proof',
        'signature_was_accepted_on_its_yacht', 'signed_types_are_signed', 'stock_begins_at_0',
        'transaction_type_is_known_and_has_its_sign', 'usage_is_of_this_change'],
    'these are the constraints of the ledger, and each is tried here');

INSERT INTO public.pms_shopping_list_items (yacht_id, item_id, part_id, quantity, requested_by)
VALUES
    (tap.id('yacht'), tap.id('item'), tap.id('filter'), 5, tap.id('crew')),
    (tap.id('other yacht'), tap.id('other item'), tap.id('other filter'), 5, tap.id('stranger'));
SELECT throws_ok(
    tap.broken_movement(jsonb_build_object('item_id', tap.id(t.item)), t.type), t.code,
    format('%s "%s"', t.message, t.constraint_name), t.description)
FROM (VALUES
    ('item', 'consumed', '23514',
     'new row for relation "pms_inventory_transactions" violates check constraint',
     'only_deliveries_are_of_an_item', 'what is consumed delivers no item'),
    ('other item', 'received', '23503',
     'insert or update on table "pms_inventory_transactions" violates foreign key constraint',
     'delivery_is_of_an_item_of_its_yacht', 'a delivery is of no item of another yacht')
) AS t (item, type, code, message, constraint_name, description);

SELECT is(
    tap.outcome('superuser', NULL,
                format('SELECT tap.insert_movement(%L)', tap.movement_by_hand(t.type))),
    'ok',
    format('without the trigger a faultless movement of type %s is taken', t.type))
FROM unnest(ARRAY['opening', 'consumed', 'received', 'transferred_out', 'transferred_in',
                  'adjusted', 'write_off', 'reversed']) AS t (type);

CREATE TEMP TABLE wrong_rows ON COMMIT DROP AS
SELECT w.description, w.constraint_name, w.type, w.changes::jsonb AS changes
FROM (VALUES
    ('seq 0', 'seq_begins_at_1', 'received',
     '{"seq": 0, "on_hand_before": 0, "on_hand_after": 1}'),
    ('seq -1', 'seq_begins_at_1', 'received',
     '{"seq": -1, "on_hand_before": 0, "on_hand_after": 1}'),
    ('a first movement that begins at 5', 'stock_begins_at_0', 'opening',
     '{"on_hand_before": 5, "on_hand_after": 6}'),
    ('a change of 0', 'change_is_not_0', 'adjusted',
     '{"quantity_change": 0, "on_hand_after": 7}'),
    ('an on_hand_after that is too small', 'after_is_before_and_change', 'consumed',
     '{"on_hand_after": 5}'),
    ('an on_hand_after that is too large', 'after_is_before_and_change', 'consumed',
     '{"on_hand_after": 7}'),
    ('more than there is', 'on_hand_is_never_negative', 'consumed',
     '{"quantity_change": -8, "on_hand_after": -1}'),
    ('a negative first movement', 'on_hand_is_never_negative', 'adjusted',
     format('{"stock_id": "%s", "seq": 1, "on_hand_before": 0, "on_hand_after": -1}',
            tap.id('filter in bin'))),
    ('an unknown type that takes', 'transaction_type_is_known_and_has_its_sign', 'consumed',
     '{"transaction_type": "lost"}'),
    ('an unknown type that adds', 'transaction_type_is_known_and_has_its_sign', 'received',
     '{"transaction_type": "found"}'),
    ('an opening that is not the first', 'opening_is_the_first', 'received',
     '{"transaction_type": "opening"}'),
    ('an event 2 minutes and 1 microsecond ahead', 'it_happened_before_it_was_recorded', 'consumed',
     format('{"occurred_at": "%s"}', now() + interval '2 minutes 1 microsecond')),
    ('a reversal of nothing', 'reversal_names_what_it_reverses', 'reversed',
     '{"reverses_transaction_id": null}'),
    ('a consumption that reverses', 'reversal_names_what_it_reverses', 'consumed',
     format('{"reverses_transaction_id": "%s"}', tap.id('filter opening')))
) AS w (description, constraint_name, type, changes)
UNION ALL
SELECT format('a change of %s in type %s', s.change, s.type),
       'transaction_type_is_known_and_has_its_sign', s.type, jsonb_build_object(
           'quantity_change', s.change,
           'on_hand_after', 7 + s.change)
-- An opening of -1 would be negative as well.
FROM (VALUES ('received', -1), ('transferred_in', -1),
             ('consumed', 1), ('transferred_out', 1), ('write_off', 1)) AS s (type, change)
UNION ALL
SELECT format('type %s without a signature', s.type), 'signed_types_are_signed', s.type,
       jsonb_build_object('signature_id', NULL, 'signature', jsonb_build_object())
FROM unnest(ARRAY['adjusted', 'write_off', 'reversed']) AS s (type)
UNION ALL
SELECT format('type %s with a signature and no proof', s.type), 'signature_has_its_proof', s.type,
       jsonb_build_object('signature', jsonb_build_object())
FROM unnest(ARRAY['adjusted', 'write_off', 'reversed']) AS s (type)
UNION ALL
SELECT 'a proof of no signature', 'signature_has_its_proof', 'consumed',
       jsonb_build_object('signature', tap.proof());

SELECT throws_ok(
    format('SELECT tap.insert_movement(%L)', tap.movement_by_hand(w.type) || w.changes),
    '23514',
    format('new row for relation "pms_inventory_transactions" violates check constraint "%s"',
           w.constraint_name),
    format('%s refuses %s', w.constraint_name, w.description))
FROM wrong_rows AS w;

SELECT throws_ok(
    tap.broken_movement(f.changes, f.type),
    '23503',
    format('insert or update on table "pms_inventory_transactions" violates foreign key constraint "%s"',
           f.constraint_name),
    format('%s refuses %s', f.constraint_name, f.description))
FROM (VALUES
    ('a gap in seq', 'movement_follows_the_one_before', 'consumed', '{"seq": 4}'::jsonb),
    ('a wrong on_hand_before', 'movement_follows_the_one_before', 'consumed',
     '{"on_hand_before": 8, "on_hand_after": 7}'),
    ('an on_hand_before of an older movement', 'movement_follows_the_one_before', 'consumed',
     '{"on_hand_before": 10, "on_hand_after": 9}'),
    ('the balance of another stock', 'movement_follows_the_one_before', 'consumed',
     jsonb_build_object('stock_id', tap.id('filter in bin'))),
    ('a stock that is not there', 'movement_is_of_a_stock_of_its_yacht', 'opening',
     jsonb_build_object('stock_id', tap.id('no stock'))),
    ('a stock of another yacht', 'movement_is_of_a_stock_of_its_yacht', 'opening',
     jsonb_build_object('yacht_id', tap.id('other yacht'))),
    ('a reversal on another stock', 'reversal_undoes_a_movement_of_its_stock', 'reversed',
     jsonb_build_object('stock_id', tap.id('filter in bin'), 'seq', 1, 'on_hand_before', 0,
                        'on_hand_after', 3)),
    ('a reversal of a movement of another yacht', 'reversal_undoes_a_movement_of_its_stock',
     'reversed', jsonb_build_object('reverses_transaction_id', tap.id('other opening'),
                                    'quantity_change', -5, 'on_hand_after', 2)),
    ('a reversal of no movement', 'reversal_undoes_a_movement_of_its_stock', 'reversed',
     jsonb_build_object('reverses_transaction_id', tap.id('no movement'))),
    ('a signature of another yacht', 'signature_was_accepted_on_its_yacht', 'write_off',
     jsonb_build_object('signature_id', tap.id('other signature'))),
    ('a signature that was never accepted', 'signature_was_accepted_on_its_yacht', 'write_off',
     jsonb_build_object('signature_id', tap.id('no signature')))
) AS f (description, constraint_name, type, changes);

SELECT throws_ok(
    tap.broken_movement(u.changes, u.type),
    '23505',
    format('duplicate key value violates unique constraint "%s"', u.constraint_name),
    format('%s refuses %s', u.constraint_name, u.description))
FROM (VALUES
    ('an id that is taken', 'pms_inventory_transactions_pkey', 'consumed',
     jsonb_build_object('transaction_id', tap.id('filter use'))),
    ('the same seq with another result', 'movement_has_one_successor', 'consumed',
     '{"seq": 2, "on_hand_before": 10, "on_hand_after": 9}'::jsonb),
    ('a second first movement', 'movement_has_one_successor', 'received',
     '{"seq": 1, "on_hand_before": 0, "on_hand_after": 1}'),
    ('the same seq with the same result', 'movement_as_the_next_one_sees_it', 'consumed',
     '{"seq": 2, "on_hand_before": 10, "quantity_change": -3, "on_hand_after": 7}')
) AS u (description, constraint_name, type, changes);

-- Usage: of this yacht, this change, one movement.
INSERT INTO public.pms_part_usage
    (yacht_id, usage_id, stock_id, part_id, quantity, quantity_change, work_order, used_by, used_at)
VALUES
    (tap.id('yacht'), tap.id('usage'), tap.id('filter in locker'), tap.id('filter'), 1, -1,
     'WO-1', tap.id('crew'), now()),
    (tap.id('other yacht'), tap.id('other usage'), tap.id('other filter in locker'),
     tap.id('other filter'), 1, -1, 'WO-1', tap.id('stranger'), now());

SELECT throws_ok(
    tap.broken_movement(f.changes),
    '23503',
    'insert or update on table "pms_inventory_transactions" violates foreign key constraint "usage_is_of_this_change"',
    'usage_is_of_this_change refuses ' || f.description)
FROM (VALUES
    ('a usage of another quantity', jsonb_build_object(
        'usage_id', tap.id('usage'), 'quantity_change', -2, 'on_hand_after', 5)),
    ('a usage of another yacht', jsonb_build_object('usage_id', tap.id('other usage'))),
    ('a usage that is not there', jsonb_build_object('usage_id', tap.id('no usage')))
) AS f (description, changes);

SELECT lives_ok(
    tap.broken_movement(jsonb_build_object('usage_id', tap.id('usage'))),
    'a movement takes the usage of its quantity');
SELECT throws_ok(
    tap.broken_movement(jsonb_build_object(
        'usage_id', tap.id('usage'), 'seq', 4, 'on_hand_before', 6, 'on_hand_after', 5)),
    '23505', 'duplicate key value violates unique constraint "usage_has_one_movement"',
    'usage_has_one_movement refuses a second movement for a usage');

-- Reversals: one of a movement, none of a reversal.
SELECT lives_ok(
    tap.broken_movement(jsonb_build_object(
        'transaction_id', tap.id('reversal'), 'seq', 4, 'on_hand_before', 6, 'on_hand_after', 9),
        'reversed'),
    'a movement can be reversed');
SELECT throws_ok(
    tap.broken_movement('{"seq": 5, "on_hand_before": 9, "on_hand_after": 12}', 'reversed'),
    '23505', 'duplicate key value violates unique constraint "movement_is_reversed_once"',
    'movement_is_reversed_once refuses a second reversal');
SELECT throws_ok(
    tap.broken_movement(jsonb_build_object(
        'reverses_transaction_id', tap.id('reversal'), 'seq', 5, 'on_hand_before', 9,
        'quantity_change', -3, 'on_hand_after', 6), 'reversed'),
    '23503',
    'insert or update on table "pms_inventory_transactions" violates foreign key constraint "reversal_undoes_a_movement_of_its_stock"',
    'reversal_undoes_a_movement_of_its_stock refuses a reversal of a reversal');

SELECT lives_ok(
    tap.broken_movement(jsonb_build_object(
        'seq', 5, 'on_hand_before', 9, 'on_hand_after', 8,
        'occurred_at', now() + interval '2 minutes')),
    'an event may lie 2 minutes ahead, as the clocks on board do');

SELECT results_eq(
    $$SELECT v.on_hand, v.newest_on_hand_after
      FROM public.v_stock_from_transactions AS v
      WHERE v.stock_id = tap.id('filter in locker')$$,
    'VALUES (8, 8)',
    'what the constraints let through sums up to the newest on_hand_after');

-- The proof is of a domain, so that the audit log has the same rule.
SELECT throws_ok(
    tap.broken_movement(jsonb_build_object(
        'seq', 6, 'on_hand_before', 8, 'on_hand_after', 7, 'signature', p.proof), 'write_off'),
    '23514',
    'value for domain private.signature_proof violates check constraint "signature_is_complete"',
    'signature_is_complete refuses ' || p.description)
FROM (
    SELECT tap.proof() - k.key AS proof, 'a proof without ' || k.key AS description
    FROM jsonb_object_keys(tap.proof()) AS k (key)
    UNION ALL
    SELECT jsonb_agg(k.key), 'a proof that is a list of the words'
    FROM jsonb_object_keys(tap.proof()) AS k (key)
) AS p;
SELECT throws_ok(
    tap.broken_movement('{"seq": 6, "on_hand_before": 8, "on_hand_after": 7, "signature": null}'),
    '23502', 'domain private.signature_proof does not allow null values',
    'a signature is {} where there is none, never NULL');

SELECT * FROM finish();
ROLLBACK;
