-- Who reads the ledger, and which role may add which type of movement.

BEGIN;
SELECT plan(55);
SELECT tap.fleet();

SELECT policies_are('public', 'pms_inventory_transactions',
                    ARRAY['select_people', 'select_rpc', 'insert_rpc'],
                    'pms_inventory_transactions has these policies');

SELECT tap.bounded('public.pms_inventory_transactions', 'transaction_id', 'authenticated');
SELECT tap.bounded('public.pms_inventory_transactions', 'transaction_id', 'pms_rpc');

SELECT results_eq(
    $$SELECT r.role, array_agg(t.type ORDER BY t.place) FILTER (WHERE tap.outcome(
                 'pms_rpc', r.role,
                 format('SELECT tap.insert_movement(%L)', tap.movement(t.type) || jsonb_build_object(
                     'actor_id', tap.id(r.role), 'actor_role', r.role))) = 'ok')
      FROM unnest(tap.roles()) WITH ORDINALITY AS r (role, place)
      CROSS JOIN unnest(ARRAY[
          'consumed', 'transferred_out', 'transferred_in', 'write_off', 'opening', 'received',
          'reversed', 'adjusted']) WITH ORDINALITY AS t (type, place)
      GROUP BY r.role, r.place
      ORDER BY r.place$$,
    $$SELECT m.role, m.types::text[]
      FROM (VALUES
          ('crew', '{consumed,transferred_out,transferred_in,write_off}'),
          ('deckhand', '{consumed,transferred_out,transferred_in,write_off}'),
          ('steward', '{consumed,transferred_out,transferred_in,write_off}'),
          ('engineer', '{consumed,transferred_out,transferred_in,write_off}'),
          ('eto',
           '{consumed,transferred_out,transferred_in,write_off,opening,received,reversed}'),
          ('chief_engineer',
           '{consumed,transferred_out,transferred_in,write_off,opening,received,reversed,adjusted}'),
          ('chief_officer',
           '{consumed,transferred_out,transferred_in,write_off,opening,received,reversed}'),
          ('chief_steward',
           '{consumed,transferred_out,transferred_in,write_off,opening,received,reversed}'),
          ('purser',
           '{consumed,transferred_out,transferred_in,write_off,opening,received,reversed}'),
          ('captain',
           '{consumed,transferred_out,transferred_in,write_off,opening,received,reversed,adjusted}'),
          ('manager',
           '{consumed,transferred_out,transferred_in,write_off,opening,received,reversed,adjusted}')
      ) AS m (role, types)$$,
    'each role may add the types of movements of its actions and no others');

SELECT is(
    tap.outcome('pms_rpc', p.who, format('SELECT tap.insert_movement(%L)', tap.movement(p.type)
        || jsonb_build_object('actor_id', tap.id(p.actor)))),
    '42501 new row violates row-level security policy for table "pms_inventory_transactions"',
    p.description)
FROM (VALUES
    ('crew', 'received', 'crew', 'a role that may not add a type is refused by the policy'),
    ('captain', 'consumed', 'crew', 'a movement cannot be another person''s'),
    ('captain', 'consumed', NULL, 'a movement through an RPC has an actor')
) AS p (who, type, actor, description);
SELECT is(
    tap.outcome('pms_rpc', p.who, format('SELECT tap.insert_movement(%L)', tap.movement('consumed')
        || jsonb_build_object('actor_id', tap.id(p.who)))),
    '23503 stock_not_found',
    format('for %s there is no stock on the yacht to move', p.who))
FROM (VALUES ('stranger'), ('dismissed'), ('expired'), ('future')) AS p (who);

-- The policy holds by itself, without the trigger that looks for the stock.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE public.pms_inventory_transactions DISABLE TRIGGER t20_complete_movement;
SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'SELECT tap.insert_movement(%L)', tap.movement_by_hand('consumed')
        || jsonb_build_object('actor_id', tap.id(p.who)))),
    p.outcome,
    format('without the trigger the policy %s', p.description))
FROM (VALUES
    ('crew', 'ok', 'takes a movement of the crew'),
    ('stranger',
     '42501 new row violates row-level security policy for table "pms_inventory_transactions"',
     'refuses a stranger''s movement'),
    ('dismissed',
     '42501 new row violates row-level security policy for table "pms_inventory_transactions"',
     'refuses a movement under an inactive role'),
    ('expired',
     '42501 new row violates row-level security policy for table "pms_inventory_transactions"',
     'refuses a movement under a role that has ended'),
    ('future',
     '42501 new row violates row-level security policy for table "pms_inventory_transactions"',
     'refuses a movement under a role that has not begun')
) AS p (who, outcome, description);

-- ledger_append_only.sql tries UPDATE, DELETE and TRUNCATE.
SELECT tap.refuses('public.pms_inventory_transactions', 'authenticated', 'captain',
                   ARRAY['INSERT']);
SELECT tap.refuses('public.pms_inventory_transactions', 'service_role', NULL,
                   ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.pms_inventory_transactions', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
