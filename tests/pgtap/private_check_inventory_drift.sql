BEGIN;
SELECT plan(12);
SELECT tap.fixture();

SELECT is_empty(
    'SELECT d.stock_id FROM private.check_inventory_drift() AS d',
    'Stocks that only moved do not drift');
SELECT is(
    (SELECT count(*) FROM public.v_stock_from_transactions AS v), 8::bigint,
    'It looked at eight stocks');
SET CONSTRAINTS ALL IMMEDIATE;

UPDATE public.pms_inventory_stock AS s
SET quantity = 9
WHERE s.stock_id IN (tap.id('filter in locker 1'), tap.id('other filter in other locker'));
SELECT is(
    (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.on_hand DESC)
     FROM private.check_inventory_drift() AS d),
    jsonb_build_array(
        jsonb_build_object(
            'yacht_id', tap.id('yacht'), 'stock_id', tap.id('filter in locker 1'),
            'part_id', tap.id('filter'), 'on_hand', 10, 'newest_on_hand_after', 10,
            'cached_quantity', 9),
        jsonb_build_object(
            'yacht_id', tap.id('other yacht'), 'stock_id', tap.id('other filter in other locker'),
            'part_id', tap.id('other filter'), 'on_hand', 7, 'newest_on_hand_after', 7,
            'cached_quantity', 9)),
    'A cache that is wrong drifts');
SELECT is(
    (SELECT array_agg(d.stock_id) FROM private.check_inventory_drift(tap.id(t.yacht)) AS d),
    t.stocks,
    format('Of the %s', t.yacht))
FROM (VALUES
    ('yacht', ARRAY[tap.id('filter in locker 1')]),
    ('other yacht', ARRAY[tap.id('other filter in other locker')]),
    ('no yacht', NULL)
) AS t (yacht, stocks);
UPDATE public.pms_inventory_stock AS s
SET quantity = v.newest_on_hand_after
FROM public.v_stock_from_transactions AS v
WHERE v.yacht_id = s.yacht_id
  AND v.stock_id = s.stock_id;
SELECT is_empty(
    'SELECT d.stock_id FROM private.check_inventory_drift() AS d',
    'A cache that is right again does not');

-- What only an owner who switches off trigger and foreign keys can do.
ALTER TABLE public.pms_inventory_transactions DISABLE TRIGGER USER;
SET LOCAL session_replication_role = replica;
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, seq, on_hand_before, quantity_change, on_hand_after, transaction_type,
     recorded_at, occurred_at)
VALUES
    (tap.id('yacht'), tap.id('belt in locker 2'), 5, 40, 2, 42, 'received', now(), now());
SET LOCAL session_replication_role = origin;
SELECT is(
    (SELECT jsonb_agg(to_jsonb(d) - ARRAY['yacht_id', 'part_id'])
     FROM private.check_inventory_drift() AS d),
    jsonb_build_array(jsonb_build_object(
        'stock_id', tap.id('belt in locker 2'), 'on_hand', 5, 'newest_on_hand_after', 42,
        'cached_quantity', 3)),
    'A movement that does not follow the one before it drifts');
SELECT function_privs_are(
    'private', 'check_inventory_drift', ARRAY['uuid'], r.role, '{}'::text[],
    format('%s may not ask for drift', r.role))
FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
