-- Faulty movements, tried as everybody: the owner and a superuser with session_replication_role =
-- replica included, for whom foreign keys are not checked and the trigger, the CHECKs and unique
-- keys must do.

BEGIN;
SELECT plan(16);
SELECT tap.fleet();
SELECT tap.insert_movement(tap.movement('reversed'));

CREATE TEMP TABLE faults ON COMMIT DROP AS
SELECT f.fault, f.message, format('SELECT tap.insert_movement(%L)', tap.movement(f.type)
           || jsonb_build_object('actor_id', tap.id('captain')) || f.changes) AS statement
FROM (VALUES
    ('a gap in seq', 'consumed', '{"seq": 5}'::jsonb, '23514 movement_does_not_follow'),
    ('a seq that is taken', 'consumed', '{"seq": 3}', '23514 movement_does_not_follow'),
    ('a wrong on_hand_before', 'consumed', '{"on_hand_before": 9}',
     '23514 movement_does_not_follow'),
    ('a wrong on_hand_after', 'consumed', '{"on_hand_after": 10}',
     '23514 movement_does_not_follow'),
    ('a negative on_hand_after', 'consumed', '{"quantity_change": -11}',
     '23514 new row for relation "pms_inventory_transactions" violates check constraint "on_hand_is_never_negative"'),
    ('a change of 0', 'adjusted', '{"quantity_change": 0}',
     '23514 new row for relation "pms_inventory_transactions" violates check constraint "change_is_not_0"'),
    ('a second reversal', 'reversed', '{}',
     '23505 duplicate key value violates unique constraint "movement_is_reversed_once"'),
    ('a row of another yacht', 'consumed', jsonb_build_object('yacht_id', tap.id('other yacht')),
     '23503 stock_not_found')
) AS f (fault, type, changes, message);

SELECT set_eq(
    format($$SELECT f.fault, tap.outcome(%L, %L, f.statement) FROM faults AS f$$, a.role, a.who),
    'SELECT f.fault, f.message FROM faults AS f',
    'no faulty movement is taken from ' || a.description)
FROM (VALUES
    ('superuser', NULL, 'a superuser'),
    ('replica', NULL, 'a superuser with session_replication_role = replica'),
    ('pms_rpc', 'captain', 'an RPC that a captain calls')
) AS a (role, who, description);

-- Who owns the table has no policy on it, and so finds no stock to move.
SELECT set_eq(
    $$SELECT f.fault, tap.outcome('pms_owner', 'captain', f.statement) FROM faults AS f$$,
    $$SELECT f.fault, '23503 stock_not_found' FROM faults AS f$$,
    'no faulty movement is taken from the owner');

SELECT set_eq(
    format($$SELECT f.fault, tap.outcome(%L, 'captain', f.statement) FROM faults AS f$$, a.role),
    $$SELECT f.fault, '42501 permission denied for table pms_inventory_transactions'
      FROM faults AS f$$,
    'no movement at all is taken from ' || a.role)
FROM unnest(ARRAY['authenticated', 'service_role', 'anon']) AS a (role);

-- An RPC looks before it inserts and may supply everything; what it supplies must be true all the
-- same.
SELECT is(
    tap.outcome('pms_rpc', 'captain', format('SELECT tap.insert_movement(%L)',
        tap.movement('consumed') || jsonb_build_object(
            'actor_id', tap.id('captain'), 'seq', 4, 'on_hand_before', 10, 'on_hand_after', 9,
            'recorded_at', clock_timestamp(), 'occurred_at', clock_timestamp()) || v.changes)),
    v.outcome,
    'from an RPC that supplies everything, ' || v.description)
FROM (VALUES
    ('{}'::jsonb, 'ok', 'a true movement is taken'),
    ('{"seq": 5}',
     '23514 movement_does_not_follow',
     'a gap in seq is refused'),
    ('{"seq": 3}', '23514 movement_does_not_follow',
     'a seq that is taken is refused'),
    ('{"on_hand_before": 9, "on_hand_after": 8}',
     '23514 movement_does_not_follow',
     'a wrong on_hand_before is refused'),
    ('{"on_hand_after": 8}',
     '23514 movement_does_not_follow',
     'a wrong on_hand_after is refused')
) AS v (changes, outcome, description);
SELECT isnt(
    tap.outcome('pms_rpc', 'captain', format('SELECT tap.insert_movement(%L)',
        tap.movement('consumed') || jsonb_build_object(
            'actor_id', tap.id('captain'), 'seq', 4, 'on_hand_before', 10, 'on_hand_after', 9,
            'recorded_at', v.recorded_at, 'occurred_at', v.recorded_at))),
    'ok',
    'from an RPC that supplies everything, ' || v.description || ' is refused')
FROM (VALUES
    (now() - interval '1 hour', 'a recorded_at before the movement before it'),
    (clock_timestamp() + interval '1 hour', 'a recorded_at in the future')
) AS v (recorded_at, description);
UPDATE public.pms_parts AS p SET deleted_at = now() WHERE p.part_id = tap.id('filter');
SELECT isnt(
    tap.outcome('pms_rpc', 'captain', format('SELECT tap.insert_movement(%L)',
        tap.movement('consumed') || jsonb_build_object(
            'actor_id', tap.id('captain'), 'seq', 4, 'on_hand_before', 10, 'on_hand_after', 9,
            'recorded_at', clock_timestamp(), 'occurred_at', now()))),
    'ok',
    'from an RPC that supplies everything, a movement of a deactivated part is refused');

SELECT results_eq(
    $$SELECT t.seq, t.quantity_change, t.on_hand_after
      FROM public.pms_inventory_transactions AS t
      WHERE t.yacht_id = tap.id('yacht')
      ORDER BY t.seq$$,
    'VALUES (1, 10, 10), (2, -3, 7), (3, 3, 10)',
    'after all that the ledger holds its three good movements');

SELECT * FROM finish();
ROLLBACK;
