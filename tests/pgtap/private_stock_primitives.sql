BEGIN;
SELECT plan(40);
SELECT tap.fixture();

SELECT function_privs_are(
    'private', f.name,
    ARRAY['uuid', 'integer', 'uuid', 'text', 'private.rpc_call', 'uuid', 'uuid'], r.role,
    '{}'::text[],
    format('%s may not call %s', r.role, f.name))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator', 'master_resolver'])
    AS r (role)
CROSS JOIN unnest(ARRAY['deduct_stock_inventory', 'add_stock_inventory']) AS f (name);
SELECT function_returns(
    'private', f.name,
    ARRAY['uuid', 'integer', 'uuid', 'text', 'private.rpc_call', 'uuid', 'uuid'], 'setof record',
    format('%s returns a table', f.name))
FROM unnest(ARRAY['deduct_stock_inventory', 'add_stock_inventory']) AS f (name);
SELECT is(
    (SELECT array_agg(n.name || ' ' || n.type::regtype ORDER BY n.place)
     FROM pg_catalog.pg_proc AS p
     CROSS JOIN unnest(p.proargnames, p.proargmodes, p.proallargtypes)
         WITH ORDINALITY AS n (name, mode, type, place)
     WHERE p.oid = f.oid
       AND n.mode = 't'),
    ARRAY['success boolean', 'quantity_before integer', 'quantity_after integer',
          'error_code text'],
    format('%s says success, before, after and error code', f.oid::regproc))
FROM (
    SELECT p.oid
    FROM pg_catalog.pg_proc AS p
    WHERE p.proname IN ('deduct_stock_inventory', 'add_stock_inventory')
      AND p.pronamespace = 'private'::regnamespace
) AS f;

CREATE TEMPORARY TABLE call AS
SELECT jsonb_populate_record(NULL::private.rpc_call, jsonb_build_object(
    'action', 'test', 'actor_id', tap.id('captain'), 'role', 'captain', 'metadata', '{}'::jsonb))
    AS call;
GRANT SELECT ON pg_temp.call TO pms_rpc;
SELECT tap.act_as('captain', 'pms_rpc');

SELECT is(
    (SELECT to_jsonb(m)
     FROM pg_temp.call AS c
     CROSS JOIN private.deduct_stock_inventory(
         tap.id('filter in locker 1'), 3, tap.id('yacht'), 'consumed', c.call) AS m),
    '{"success": true, "quantity_before": 10, "quantity_after": 7, "error_code": null}',
    'Units are taken out');
SELECT is(
    (SELECT to_jsonb(m)
     FROM pg_temp.call AS c
     CROSS JOIN private.add_stock_inventory(
         tap.id('filter in locker 1'), 5, tap.id('yacht'), 'received', c.call,
         tap.id('my movement')) AS m),
    '{"success": true, "quantity_before": 7, "quantity_after": 12, "error_code": null}',
    'Units are put in');
SELECT is(
    (SELECT jsonb_build_array(t.seq, t.quantity_change, t.on_hand_after, t.transaction_type,
                              t.actor_id, t.actor_role)
     FROM public.pms_inventory_transactions AS t
     WHERE t.transaction_id = tap.id('my movement')),
    jsonb_build_array(3, 5, 12, 'received', tap.id('captain'), 'captain'),
    'The movement has the id that it was given');
SELECT is(
    (SELECT to_jsonb(m)
     FROM pg_temp.call AS c
     CROSS JOIN private.deduct_stock_inventory(
         tap.id('belt in locker 2'), t.quantity, tap.id('yacht'), 'consumed', c.call) AS m),
    t.result,
    format('To take out %s of 3 %s', coalesce(t.quantity::text, 'NULL'), t.what))
FROM (VALUES
    (NULL, '{"success": false, "quantity_before": null, "quantity_after": null,
             "error_code": "invalid_quantity"}'::jsonb, 'is no quantity'),
    (0, '{"success": false, "quantity_before": null, "quantity_after": null,
          "error_code": "invalid_quantity"}', 'is nothing'),
    (-1, '{"success": false, "quantity_before": null, "quantity_after": null,
           "error_code": "invalid_quantity"}', 'would put in'),
    (1000001, '{"success": false, "quantity_before": null, "quantity_after": null,
                "error_code": "invalid_quantity"}', 'is over the limit'),
    (4, '{"success": false, "quantity_before": 3, "quantity_after": 3,
          "error_code": "insufficient_stock"}', 'is one too many'),
    (3, '{"success": true, "quantity_before": 3, "quantity_after": 0, "error_code": null}',
     'empties the stock')
) AS t (quantity, result, what);
SELECT is(
    (SELECT m.error_code
     FROM pg_temp.call AS c
     CROSS JOIN private.add_stock_inventory(
         tap.id(t.stock), t.quantity, tap.id(t.yacht), 'received', c.call) AS m),
    t.code,
    format('To put in is refused: %s', t.what))
FROM (VALUES
    ('belt in locker 2', NULL, 'yacht', 'invalid_quantity', 'no quantity'),
    ('belt in locker 2', 0, 'yacht', 'invalid_quantity', 'nothing'),
    ('belt in locker 2', 1000001, 'yacht', 'invalid_quantity', 'more than 1000000'),
    ('no stock', 1, 'yacht', 'stock_not_found', 'no such stock'),
    ('other filter in other locker', 1, 'yacht', 'stock_not_found', 'a stock of another yacht'),
    ('other filter in other locker', 1, 'other yacht', 'stock_not_found',
     'a stock of a yacht that the caller is not on'),
    ('relic in locker 1', 1, 'yacht', 'part_deactivated', 'a deactivated part'),
    ('lamp in attic', 1, 'yacht', 'location_deactivated', 'a deactivated location')
) AS t (stock, quantity, yacht, code, what);
SELECT is(
    (SELECT to_jsonb(m)
     FROM pg_temp.call AS c
     CROSS JOIN LATERAL jsonb_populate_record(
         c.call, jsonb_build_object('expected_seq', t.seq)) AS s
     CROSS JOIN private.add_stock_inventory(
         tap.id('seal in locker 1'), 1, tap.id('yacht'), 'received', s) AS m),
    t.result,
    format('Of seq 1 somebody expected %s', t.seq))
FROM (VALUES
    (0, '{"success": false, "quantity_before": 1, "quantity_after": 1,
          "error_code": "stale_count"}'::jsonb),
    (2, '{"success": false, "quantity_before": 1, "quantity_after": 1,
          "error_code": "stale_count"}'),
    (1, '{"success": true, "quantity_before": 1, "quantity_after": 2, "error_code": null}')
) AS t (seq, result);
SELECT tap.act_as_superuser();
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES (tap.id('yacht'), tap.id('seal in locker 2'), 2147483646, 'received');
SELECT tap.act_as('captain', 'pms_rpc');
SELECT is(
    (SELECT to_jsonb(m)
     FROM pg_temp.call AS c
     CROSS JOIN private.add_stock_inventory(
         tap.id('seal in locker 2'), 1, tap.id('yacht'), 'received', c.call) AS m),
    '{"success": false, "quantity_before": 2147483647, "quantity_after": 2147483647,
      "error_code": "invalid_quantity"}',
    'A stock holds no more than 2147483647');
SELECT is(
    (SELECT m.quantity_after
     FROM pg_temp.call AS c
     CROSS JOIN private.deduct_stock_inventory(
         tap.id('seal in locker 2'), 1000000, tap.id('yacht'), 'consumed', c.call) AS m),
    2146483647,
    'From a full stock units can be taken');
SELECT tap.act_as_superuser();
SELECT is(
    (SELECT to_jsonb(m)
     FROM pg_temp.call AS c
     CROSS JOIN LATERAL jsonb_populate_record(
         c.call, jsonb_build_object('expected_seq', t.seq)) AS s
     CROSS JOIN private.deduct_stock_inventory(
         tap.id('filter in locker 1'), t.quantity, tap.id('yacht'), 'consumed', s) AS m),
    t.result,
    format('A person of the server hears it like an RPC: %s', t.what))
FROM (VALUES
    (13, NULL::integer, '{"success": false, "quantity_before": 12, "quantity_after": 12,
                          "error_code": "insufficient_stock"}'::jsonb, 'too much'),
    (1, 2147483647, '{"success": false, "quantity_before": 12, "quantity_after": 12,
                      "error_code": "stale_count"}', 'not the last seq there could be'),
    (1, 3, '{"success": true, "quantity_before": 12, "quantity_after": 11, "error_code": null}',
     'one unit')
) AS t (quantity, seq, result, what);
SELECT is_empty(
    $$SELECT v.stock_id
      FROM public.v_stock_from_transactions AS v
      WHERE v.reconciliation_status <> 'OK'$$,
    'After all that no stock drifts');

SELECT * FROM finish();
ROLLBACK;
