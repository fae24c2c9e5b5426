-- Reconciliation puts the cache right and nothing else, on record, and says what it looked at.
BEGIN;
SELECT plan(22);
SELECT is(
    private.reconcile(tap.began()),
    '{"yachts": 0, "stocks": 0, "drifting": 0, "repaired": 0, "verdict": "not enough data"}',
    'without a stock nothing is proven');
SELECT tap.fixture();
SET CONSTRAINTS ALL IMMEDIATE;

SELECT tap.is_service_rpc('reconcile');
SELECT is(
    private.reconcile(tap.began()),
    '{"yachts": 2, "stocks": 8, "drifting": 0, "repaired": 0, "verdict": "pass"}',
    'all stocks of all yachts are looked at');
SELECT is(
    (SELECT count(*) FROM public.pms_audit_log AS l), 0::bigint, 'what is right is in no log');

-- The cache is wrong on both yachts, and the hint of one stock too.
UPDATE public.pms_inventory_stock AS s
SET quantity = s.quantity + 5,
    newest_seq = 99
WHERE s.stock_id IN (tap.id('filter in locker 1'), tap.id('other filter in other locker'));
CREATE TEMPORARY TABLE before AS SELECT tap.snapshot() AS tables;
SELECT is(
    tap.answer('service_role', NULL, 'SELECT public.reconcile(tap.id(''other yacht''))')::jsonb,
    '{"success": true, "action": "reconcile", "yachts": 1, "stocks": 1, "drifting": 1, "repaired": 1,
      "verdict": "fail"}',
    'a service reconciles one yacht');
SELECT results_eq(
    'SELECT d.stock_id FROM private.check_inventory_drift() AS d',
    $$VALUES (tap.id('filter in locker 1'))$$,
    'and leaves the other one alone');
SELECT is(
    tap.answer('service_role', NULL, 'SELECT public.reconcile()')::jsonb,
    '{"success": true, "action": "reconcile", "yachts": 2, "stocks": 8, "drifting": 1, "repaired": 1,
      "verdict": "fail"}',
    'a service reconciles all yachts');
SELECT is_empty(
    'SELECT d.stock_id FROM private.check_inventory_drift() AS d', 'no cache is wrong any more');
SELECT is(
    (SELECT tap.changed_since(b.tables) FROM before AS b), ARRAY['public.pms_inventory_stock'],
    'nothing but stocks was changed');
SELECT is(
    (SELECT p.on_hand::integer FROM public.pms_part_stock AS p WHERE p.part_id = tap.id('other filter')), 7,
    'what is on hand is what it was');
SELECT results_eq(
    $$SELECT l.yacht_id, l.actor_id, l.role, l.action, l.entity_type, l.entity_id, l.outcome::text,
             l.signature::jsonb, l.metadata
      FROM public.pms_audit_log AS l
      ORDER BY l.created_at$$,
    $$VALUES
        (tap.id('other yacht'), NULL::uuid, NULL::text, 'reconcile', 'stock',
         tap.id('other filter in other locker'), 'ok', '{}'::jsonb,
         '{"source": "part_lens", "lens": "stock", "cached_quantity": 12, "on_hand": 7}'::jsonb),
        (tap.id('yacht'), NULL, NULL, 'reconcile', 'stock', tap.id('filter in locker 1'), 'ok', '{}',
         '{"source": "part_lens", "lens": "stock", "cached_quantity": 15, "on_hand": 10}')$$,
    'each repair is on record on its yacht');
SELECT is(
    tap.answer('authenticated', 'captain',
               'SELECT count(*) FROM public.pms_audit_log WHERE action = ''reconcile'''), '1',
    'where its captain reads it');
SELECT is(
    tap.call('captain', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_stock_id', tap.id('filter in locker 1')))
    -> 'quantity_after', '9', 'the stock moves on from there');

-- A ledger that does not add up is nothing to repair.
ALTER TABLE public.pms_inventory_transactions DISABLE TRIGGER USER;
SET LOCAL session_replication_role = replica;
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, seq, on_hand_before, quantity_change, on_hand_after, transaction_type,
     recorded_at, occurred_at)
VALUES
    (tap.id('yacht'), tap.id('belt in locker 2'), 5, 40, 2, 42, 'received', now(), now());
SET LOCAL session_replication_role = origin;
SELECT is(
    private.reconcile(tap.began() + interval '1 hour'),
    '{"yachts": 2, "stocks": 8, "drifting": 1, "repaired": 0, "verdict": "fail"}',
    'a ledger whose newest movement is not the sum of all is left to people');
SELECT results_eq(
    $$SELECT r.stocks, r.drifting, r.repaired, r.is_whole
      FROM private.reconciliations AS r
      ORDER BY r.reconciliation_id$$,
    $$VALUES (0::bigint, 0::bigint, 0::bigint, true), (8, 0, 0, true), (1, 1, 1, false),
             (8, 1, 1, true), (8, 1, 0, true)$$,
    'each run is kept');
SELECT is(
    tap.answer('service_role', NULL, 'SELECT public.reconcile(tap.id(''no yacht''))')::jsonb
    ->> 'verdict', 'not enough data', 'of a yacht that does not exist nothing is proven');
SELECT results_eq(
    $$SELECT r.stocks, r.is_whole
      FROM private.reconciliations AS r
      ORDER BY r.reconciliation_id DESC
      LIMIT 1$$,
    'VALUES (0::bigint, false)',
    'nor does it stand for all yachts');
SELECT is(
    current_setting('part_lens.yacht_id'), '', 'no yacht is left open');

SELECT * FROM finish();
ROLLBACK;
