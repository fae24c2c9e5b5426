BEGIN;
SELECT plan(101);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'stock_history', ARRAY['uuid', 'uuid', 'uuid', 'text', 'integer'], 'stable');

-- 40 more movements of three stocks, some recorded at the same moment.
INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
VALUES
    (tap.id('yacht'), tap.id('bolt in locker 1'), tap.id('bolt'), tap.id('locker 1')),
    (tap.id('yacht'), tap.id('bolt in locker 2'), tap.id('bolt'), tap.id('locker 2')),
    (tap.id('yacht'), tap.id('bolt in engine room'), tap.id('bolt'), tap.id('engine room'));
INSERT INTO public.pms_inventory_transactions
    (yacht_id, transaction_id, stock_id, quantity_change, transaction_type, recorded_at,
     occurred_at)
SELECT
    tap.id('yacht'),
    tap.id('movement ' || n),
    tap.id('bolt in ' || (ARRAY['locker 1', 'locker 2', 'engine room'])[1 + n % 3]),
    CASE WHEN n % 4 = 0 THEN -1 ELSE n END,
    CASE WHEN n % 4 = 0 THEN 'consumed' ELSE 'received' END,
    timestamptz '2026-01-01Z' + n / 5 * interval '1 second',
    timestamptz '2025-06-01Z'
FROM generate_series(1, 40) AS g (n)
ORDER BY g.n;

CREATE TEMPORARY TABLE whole AS
SELECT tap.call_read_only('crew', 'stock_history', jsonb_build_object(
    'p_part_id', tap.id('bolt'), 'p_limit', 500)) AS list;
SELECT is(tap.status(), 200, 'A history is answered with 200, also read-only');
SELECT is(
    (SELECT jsonb_agg(m.movement -> 'transaction_id' ORDER BY m.ordinality)
     FROM pg_temp.whole AS w
     CROSS JOIN jsonb_array_elements(w.list) WITH ORDINALITY AS m (movement)),
    (SELECT jsonb_agg(t.transaction_id ORDER BY t.recorded_at DESC, t.stock_id DESC, t.seq DESC)
     FROM public.pms_inventory_transactions AS t
     JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)
     WHERE s.part_id = tap.id('bolt')),
    'A history is every movement of the part, newest first');
SELECT is(
    (SELECT jsonb_agg(m.movement -> 'running_balance' ORDER BY m.ordinality)
     FROM pg_temp.whole AS w
     CROSS JOIN jsonb_array_elements(w.list) WITH ORDINALITY AS m (movement)),
    (SELECT jsonb_agg(b.balance ORDER BY b.recorded_at DESC, b.stock_id DESC, b.seq DESC)
     FROM (
         SELECT t.recorded_at, t.stock_id, t.seq,
                sum(t.quantity_change) OVER (ORDER BY t.recorded_at, t.stock_id, t.seq) AS balance
         FROM public.pms_inventory_transactions AS t
         JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)
         WHERE s.part_id = tap.id('bolt')
     ) AS b),
    'The running balance is of the part over all its stocks');
SELECT is(
    (SELECT (m.movement - 'cursor') - 'recorded_at' - 'running_balance'
     FROM pg_temp.whole AS w
     CROSS JOIN jsonb_array_elements(w.list) AS m (movement)
     WHERE m.movement ->> 'transaction_id' = tap.id('movement 4')::text),
    jsonb_build_object(
        'transaction_id', tap.id('movement 4'), 'stock_id', tap.id('bolt in locker 2'), 'seq', 2,
        'transaction_type', 'consumed', 'on_hand_before', 1, 'quantity_change', -1,
        'on_hand_after', 0, 'occurred_at', timestamptz '2025-06-01Z', 'actor_id', NULL,
        'actor_role', NULL, 'counterpart_id', NULL, 'usage_id', NULL,
        'reverses_transaction_id', NULL, 'is_signed', false, 'reason', NULL, 'notes', NULL,
        'metadata', '{}'::jsonb),
    'A movement of a history has all that the ledger says of it, and no signature');
SELECT is(
    (SELECT jsonb_agg(r.movement ORDER BY c.page, r.ordinality)
     FROM (
         WITH RECURSIVE paged (page, list) AS (
             SELECT 1, tap.call('crew', 'stock_history', jsonb_build_object(
                 'p_part_id', tap.id('bolt'), 'p_limit', t.size))
             UNION ALL
             SELECT p.page + 1,
                    tap.call('crew', 'stock_history', jsonb_build_object(
                        'p_part_id', tap.id('bolt'), 'p_limit', t.size,
                        'p_after', p.list -> -1 -> 'cursor'))
             FROM paged AS p
             WHERE jsonb_array_length(p.list) > 0
         )
         SELECT p.page, p.list
         FROM paged AS p
     ) AS c
     CROSS JOIN jsonb_array_elements(c.list) WITH ORDINALITY AS r (movement)),
    (SELECT w.list FROM pg_temp.whole AS w),
    format('Pages of %s make the whole history with its balances', t.size))
FROM (VALUES (1), (2), (7), (39), (40), (41)) AS t (size);
SELECT is(
    (SELECT jsonb_agg(jsonb_build_array(
        m.movement -> 'seq', m.movement -> 'on_hand_after', m.movement -> 'running_balance'))
     FROM jsonb_array_elements(tap.call('crew', 'stock_history', jsonb_build_object(
         'p_stock_id', tap.id('filter in locker 2')) || t.part)) AS m (movement)),
    '[[1, 5, 5]]',
    t.what)
FROM (VALUES
    ('{}'::jsonb, 'The history of a stock has the balance of that stock'),
    (jsonb_build_object('p_part_id', tap.id('filter')), 'Part and stock together are that stock')
) AS t (part, what);
SELECT is(
    jsonb_array_length(tap.call('crew', 'stock_history', jsonb_build_object(
        'p_part_id', tap.id(t.part)))),
    t.movements,
    'A history has ' || t.what)
FROM (VALUES
    ('gasket', 0, 'nothing of a part without a stock'),
    ('relic', 1, 'the movements of a deactivated part'),
    ('bolt', 40, 'up to 50 movements when no limit is given')
) AS t (part, movements, what);
SELECT is(
    tap.call('crew', 'transfer_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 3)) ->> 'success',
    'true',
    'A transfer is made');
SELECT is(
    (SELECT jsonb_agg(m.movement -> 'running_balance' ORDER BY m.ordinality)
     FROM jsonb_array_elements(tap.call('crew', 'stock_history', jsonb_build_object(
         'p_part_id', tap.id('filter')))) WITH ORDINALITY AS m (movement)),
    (SELECT jsonb_agg(b.balance ORDER BY b.recorded_at DESC, b.stock_id DESC, b.seq DESC)
     FROM (
         SELECT t.recorded_at, t.stock_id, t.seq,
                sum(t.quantity_change) OVER (ORDER BY t.recorded_at, t.stock_id, t.seq) AS balance
         FROM public.pms_inventory_transactions AS t
         JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)
         WHERE s.part_id = tap.id('filter')
     ) AS b),
    'Both legs of a transfer are in the history, and the balance comes back');

CREATE TEMPORARY TABLE page AS
SELECT tap.call('crew', 'stock_history', jsonb_build_object(
    'p_part_id', tap.id('bolt'), 'p_limit', 10)) AS list;
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES (tap.id('yacht'), tap.id('bolt in locker 1'), 500, 'received');
SELECT is(
    tap.call('crew', 'stock_history', jsonb_build_object(
        'p_part_id', tap.id('bolt'), 'p_after', p.list -> -1 -> 'cursor')),
    (SELECT jsonb_path_query_array(w.list, '$[10 to last]') FROM pg_temp.whole AS w),
    'A movement between two pages does not change the second')
FROM pg_temp.page AS p;
SELECT is(
    tap.call('crew', 'stock_history', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_after', p.list -> -1 -> 'cursor')),
    '[]',
    'The cursor of another part finds no movement of that other part')
FROM pg_temp.page AS p;
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
SELECT tap.id('yacht'), v.stock_id, 2147483647 - v.newest_on_hand_after, 'received'
FROM public.v_stock_from_transactions AS v
WHERE v.part_id = tap.id('bolt');
SELECT is(
    (SELECT jsonb_agg(r.movement ORDER BY c.page, r.ordinality)
     FROM (
         WITH RECURSIVE paged (page, list) AS (
             SELECT 1, tap.call('crew', 'stock_history', jsonb_build_object(
                 'p_part_id', tap.id('bolt'), 'p_limit', 1))
             UNION ALL
             SELECT p.page + 1,
                    tap.call('crew', 'stock_history', jsonb_build_object(
                        'p_part_id', tap.id('bolt'), 'p_limit', 1,
                        'p_after', p.list -> -1 -> 'cursor'))
             FROM paged AS p
             WHERE jsonb_array_length(p.list) > 0
         )
         SELECT p.page, p.list
         FROM paged AS p
     ) AS c
     CROSS JOIN jsonb_array_elements(c.list) WITH ORDINALITY AS r (movement)),
    tap.call('crew', 'stock_history', jsonb_build_object('p_part_id', tap.id('bolt'))),
    'Three full stocks, more than an integer holds, are paged as well');

SELECT tap.refuses(
    'crew', 'stock_history', t.argument, 400, 'invalid_argument',
    jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'A history is refused ' || t.what)
FROM (VALUES
    ('{}'::jsonb, 'p_part_id', 'or p_stock_id is required', 'of nothing'),
    (jsonb_build_object('p_part_id', tap.id('bolt'), 'p_limit', 0), 'p_limit',
     'is not a whole number from 1 to 500', 'in pages of 0'),
    (jsonb_build_object('p_part_id', tap.id('bolt'), 'p_limit', 501), 'p_limit',
     'is not a whole number from 1 to 500', 'in pages of 501'),
    (jsonb_build_object('p_part_id', tap.id('bolt'), 'p_limit', NULL), 'p_limit', 'is null',
     'in pages of NULL')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'crew', 'stock_history',
    jsonb_build_object('p_part_id', tap.id('bolt'), 'p_after', t.cursor), 400, 'invalid_argument',
    '{"argument": "p_after", "reason": "is not a cursor of this list"}',
    'A history refuses a cursor that ' || t.what)
FROM (
    SELECT f.cursor, 'is ' || f.what
    FROM tap.no_cursors() AS f
    UNION ALL
    SELECT private.encode_cursor(VARIADIC c.position), c.what
    FROM (VALUES
        (ARRAY['x', tap.id('s')::text, '1', '1'], 'has no time'),
        (ARRAY['-1', tap.id('s')::text, '1', '1'], 'has a time before all times'),
        (ARRAY[repeat('9', 30), tap.id('s')::text, '1', '1'], 'has a time beyond all numbers'),
        (ARRAY['1', 's', '1', '1'], 'has no stock'),
        (ARRAY['1', tap.id('s')::text, '-1', '1'], 'has a negative seq'),
        (ARRAY['1', tap.id('s')::text, repeat('9', 10), '1'], 'has a seq beyond all numbers'),
        (ARRAY['1', tap.id('s')::text, '1', 'x'], 'has no balance'),
        (ARRAY['1', tap.id('s')::text, '1', repeat('9', 30)], 'has a balance beyond all numbers'),
        (ARRAY['1', tap.id('s')::text, E'1\n', '1'], 'has a line break in it'),
        (ARRAY[NULL, tap.id('s')::text, '1', '1'], 'has a null for the time'),
        (ARRAY['1', NULL, '1', '1'], 'has a null for the stock'),
        (ARRAY['1', tap.id('s')::text, NULL, '1'], 'has a null for the seq'),
        (ARRAY['1', tap.id('s')::text, '1', NULL], 'has a null for the balance'),
        (ARRAY['0', 'GAT-6PK', tap.id('belt')::text], 'is one of low_stock_parts')
    ) AS c (position, what)
) AS t (cursor, what);
SELECT is(
    tap.call('crew', 'stock_history', jsonb_build_object(
        'p_part_id', tap.id('bolt'),
        'p_after', private.encode_cursor('0', tap.id('s')::text, '0', t.balance))),
    '[]',
    'A forged cursor before all times finds nothing, with the balance ' || t.balance)
FROM (VALUES ('0'), ('-5'), ('999999999')) AS t (balance);
SELECT lives_ok(
    format(
        $$SELECT tap.call('crew', 'stock_history', jsonb_build_object(
              'p_part_id', tap.id('bolt'), 'p_after', %L))$$,
        private.encode_cursor(t.at, tap.id('s')::text, '999999999', t.balance)),
    format('A forged cursor at %s with the balance %s raises nothing', t.at, t.balance))
FROM (VALUES
    ('999999999999999', '0'), ('9999999999999999', '0'), ('999999999999999999', '0'),
    ('9999999999999999', '-999999999'), ('9999999999999999', '999999999')
) AS t (at, balance);
SELECT tap.refuses(
    'both', 'stock_history', t.argument, 404, t.code, t.argument_named,
    'A history is refused of ' || t.what)
FROM (VALUES
    (jsonb_build_object('p_part_id', tap.id('no part')), 'part_not_found',
     jsonb_build_object('part_id', tap.id('no part')), 'a part that does not exist'),
    (jsonb_build_object('p_part_id', tap.id('other filter')), 'part_not_found',
     jsonb_build_object('part_id', tap.id('other filter')),
     'a part of another yacht, also to a person of both'),
    (jsonb_build_object('p_stock_id', tap.id('no stock')), 'stock_not_found',
     jsonb_build_object('stock_id', tap.id('no stock')), 'a stock that does not exist'),
    (jsonb_build_object('p_stock_id', tap.id('other filter in other locker')), 'stock_not_found',
     jsonb_build_object('stock_id', tap.id('other filter in other locker')),
     'a stock of another yacht'),
    (jsonb_build_object('p_part_id', tap.id('filter'), 'p_stock_id', tap.id('belt in locker 2')),
     'stock_not_found', jsonb_build_object('stock_id', tap.id('belt in locker 2')),
     'a stock of another part')
) AS t (argument, code, argument_named, what);

SELECT tap.is_gated(
    'stock_history', jsonb_build_object('p_part_id', tap.id('filter')), tap.roles());

SELECT * FROM finish();
ROLLBACK;
