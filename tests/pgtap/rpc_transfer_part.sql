BEGIN;
SELECT plan(69);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'transfer_part',
    ARRAY['uuid', 'uuid', 'uuid', 'uuid', 'integer', 'text', 'timestamp with time zone', 'text',
          'integer'],
    'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-3"}';
CREATE TEMPORARY TABLE first AS
SELECT tap.call('deckhand', 'transfer_part', jsonb_build_object(
    'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
    'p_to_location_id', tap.id('locker 2'), 'p_quantity', 4, 'p_idempotency_key', 'first',
    'p_occurred_at', '2026-01-02T03:04:05Z', 'p_notes', 'To port side')) AS answer;
SELECT is(tap.status(), 200, 'A transfer is answered with 200');
SELECT is(
    (SELECT f.answer FROM pg_temp.first AS f) - ARRAY['transaction_id', 'legs'],
    jsonb_build_object(
        'success', true, 'action', 'transfer_part', 'part_id', tap.id('filter'),
        'stock_id', tap.id('filter in locker 1'), 'quantity_before', 10, 'quantity_after', 6,
        'on_hand', 15),
    'A transfer has its source at the top level, and on_hand does not change');
SELECT is(
    (SELECT jsonb_agg(l.leg - 'transaction_id' ORDER BY l.ordinality)
     FROM pg_temp.first AS f
     CROSS JOIN jsonb_array_elements(f.answer -> 'legs') WITH ORDINALITY AS l (leg)),
    jsonb_build_array(
        jsonb_build_object('part_id', tap.id('filter'), 'stock_id', tap.id('filter in locker 1'),
                           'quantity_before', 10, 'quantity_after', 6, 'on_hand', 15),
        jsonb_build_object('part_id', tap.id('filter'), 'stock_id', tap.id('filter in locker 2'),
                           'quantity_before', 5, 'quantity_after', 9, 'on_hand', 15)),
    'A transfer has two legs, source first');
SELECT is(
    (SELECT f.answer FROM pg_temp.first AS f) #> '{legs,0,transaction_id}',
    (SELECT f.answer FROM pg_temp.first AS f) -> 'transaction_id',
    'The transaction at the top level is that of the source');
SELECT is(
    tap.newest_movement(t.stock_id) - ARRAY['metadata'],
    jsonb_build_object(
        'seq', 2, 'on_hand_before', t.before, 'quantity_change', t.after - t.before,
        'on_hand_after', t.after, 'transaction_type', t.type, 'actor_id', tap.id('deckhand'),
        'actor_role', 'deckhand', 'idempotency_key', 'first', 'notes', 'To port side',
        'signature', '{}'::jsonb, 'cached', t.after),
    'One leg of a transfer is ' || t.type)
FROM (VALUES
    (tap.id('filter in locker 1'), 10, 6, 'transferred_out'),
    (tap.id('filter in locker 2'), 5, 9, 'transferred_in')
) AS t (stock_id, before, after, type);
SELECT is(
    (SELECT array_agg(t.occurred_at)
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'first'),
    array_fill(timestamptz '2026-01-02T03:04:05Z', ARRAY[2]),
    'Both legs have the time that was given');
SELECT is(
    (SELECT array_agg(t.counterpart_id::text ORDER BY t.transaction_type)
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'first'),
    ARRAY(SELECT l.leg ->> 'transaction_id'
          FROM pg_temp.first AS f
          CROSS JOIN jsonb_array_elements(f.answer -> 'legs') WITH ORDINALITY AS l (leg)
          ORDER BY l.ordinality),
    'Each leg names the other');
SELECT is(
    (SELECT array_agg(t.transaction_id::text ORDER BY t.transaction_type DESC)
     FROM public.pms_inventory_transactions AS t
     WHERE t.idempotency_key = 'first'),
    ARRAY(SELECT l.leg ->> 'transaction_id'
          FROM pg_temp.first AS f
          CROSS JOIN jsonb_array_elements(f.answer -> 'legs') WITH ORDINALITY AS l (leg)
          ORDER BY l.ordinality),
    'The legs of the answer are the movements of the ledger');
SELECT is(
    tap.newest_audit() #- '{metadata,from_location_id}' #- '{metadata,to_location_id}',
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('deckhand'), 'role', 'deckhand',
        'action', 'transfer_part', 'entity_type', 'part', 'entity_id', tap.id('filter'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "stock", "request_id": "r-3"}'::jsonb),
    'A transfer is one row of the audit log');
SELECT is(
    (tap.call('crew', 'transfer_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 2'),
        'p_to_location_id', tap.id('locker 1'), 'p_quantity', 9))
        #> '{legs,1}') - 'transaction_id',
    jsonb_build_object('part_id', tap.id('filter'), 'stock_id', tap.id('filter in locker 1'),
                       'quantity_before', 6, 'quantity_after', 15, 'on_hand', 15),
    'A transfer the other way, which locks in the same order, may empty its source');
SELECT is(
    (tap.call('crew', 'transfer_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_from_location_id', tap.id('locker 2'),
        'p_to_location_id', tap.id('engine room'), 'p_quantity', 1, 'p_expected_seq', 1))
        #> '{legs,1}') - ARRAY['transaction_id', 'stock_id'],
    jsonb_build_object('part_id', tap.id('belt'), 'quantity_before', 0, 'quantity_after', 1,
                       'on_hand', 3),
    'A transfer opens the stock at its destination; the expected seq is of the source alone');
SELECT is(
    (SELECT s.quantity
     FROM public.pms_inventory_stock AS s
     WHERE s.part_id = tap.id('belt')
       AND s.location_id = tap.id('engine room')),
    1,
    'The opened stock is at the destination');
SELECT is(
    tap.call('crew', 'transfer_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_from_location_id', tap.id('engine room'),
        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 1,
        'p_notes', repeat('n', 2000))) ->> 'success',
    'true',
    'A transfer takes notes of 2000 characters');

SELECT tap.refuses(
    'crew', 'transfer_part',
    jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 1) || t.argument,
    400, t.code, t.details, 'A transfer refuses ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_part_id", "reason": "is required"}'::jsonb, 'no part'),
    ('{"p_from_location_id": null}', 'invalid_argument',
     '{"argument": "p_from_location_id", "reason": "is required"}', 'no source'),
    ('{"p_to_location_id": null}', 'invalid_argument',
     '{"argument": "p_to_location_id", "reason": "is required"}', 'no destination'),
    (jsonb_build_object('p_to_location_id', tap.id('locker 1')), 'same_location', NULL,
     'to move parts to where they are'),
    ('{"p_quantity": null}', 'invalid_quantity',
     '{"argument": "p_quantity", "reason": "is required"}', 'no quantity'),
    ('{"p_quantity": 0}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 0}', 'nothing'),
    ('{"p_quantity": -1}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": -1}', 'less than nothing'),
    ('{"p_quantity": 1000001}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 1000001}',
     'more than 1000000 at once'),
    (jsonb_build_object('p_occurred_at', clock_timestamp() + interval '10 minutes'),
     'invalid_argument', '{"argument": "p_occurred_at", "reason": "lies in the future"}',
     'a time ten minutes ahead'),
    (jsonb_build_object('p_notes', repeat('n', 2001)), 'invalid_argument',
     '{"argument": "p_notes", "reason": "is longer than 2000 characters"}',
     'notes of 2001 characters'),
    ('{"p_expected_seq": -1}', 'invalid_argument',
     '{"argument": "p_expected_seq", "reason": "is negative"}', 'a negative seq'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'a call without a key')
) AS t (argument, code, details, what);
SELECT tap.refuses(
    'both', 'transfer_part',
    jsonb_build_object(
        'p_part_id', tap.id(t.part), 'p_from_location_id', tap.id(t.source),
        'p_to_location_id', tap.id(t.destination), 'p_quantity', t.quantity),
    t.status, t.code,
    jsonb_build_object('part_id', tap.id(t.part), 'quantity', t.quantity) || t.details,
    'A transfer refuses ' || t.what)
FROM (VALUES
    ('no part', 'locker 1', 'locker 2', 1, 404, 'part_not_found', '{}'::jsonb,
     'a part that does not exist'),
    ('other filter', 'locker 1', 'locker 2', 1, 404, 'part_not_found', '{}',
     'a part of another yacht, also to a person of both'),
    ('filter', 'no location', 'locker 2', 1, 404, 'location_not_found', '{}',
     'a source that does not exist'),
    ('filter', 'locker 1', 'no location', 1, 404, 'location_not_found',
     jsonb_build_object('stock_id', tap.id('filter in locker 1')),
     'a destination that does not exist'),
    ('filter', 'other locker', 'locker 2', 1, 404, 'location_not_found', '{}',
     'a source of another yacht'),
    ('filter', 'locker 1', 'other locker', 1, 404, 'location_not_found',
     jsonb_build_object('stock_id', tap.id('filter in locker 1')),
     'a destination of another yacht'),
    ('belt', 'locker 1', 'locker 2', 1, 404, 'stock_not_found', '{}',
     'a source without a stock of the part'),
    ('seal', 'locker 1', 'locker 2', 2, 409, 'insufficient_stock',
     jsonb_build_object('stock_id', tap.id('seal in locker 1'), 'on_hand', 1, 'seq', 1),
     'more than the source has'),
    ('seal', 'locker 1', 'engine room', 2, 409, 'insufficient_stock',
     jsonb_build_object('stock_id', tap.id('seal in locker 1'), 'on_hand', 1, 'seq', 1),
     'more than the source has and opens no stock at the destination'),
    ('relic', 'locker 1', 'locker 2', 1, 409, 'part_deactivated',
     jsonb_build_object('stock_id', tap.id('relic in locker 1')), 'a deactivated part'),
    ('lamp', 'attic', 'locker 2', 1, 409, 'location_deactivated',
     jsonb_build_object('stock_id', tap.id('lamp in attic')), 'a deactivated source'),
    ('filter', 'locker 1', 'attic', 1, 409, 'location_deactivated',
     jsonb_build_object('stock_id', tap.id('filter in locker 1')), 'a deactivated destination')
) AS t (part, source, destination, quantity, status, code, details, what);
SELECT tap.refuses(
    'crew', 'transfer_part',
    jsonb_build_object(
        'p_part_id', tap.id('seal'), 'p_from_location_id', tap.id('locker 1'),
        'p_to_location_id', tap.id(t.destination), 'p_quantity', 1, 'p_expected_seq', 7),
    409, 'stale_count',
    jsonb_build_object('part_id', tap.id('seal'), 'stock_id', tap.id('seal in locker 1'),
                       'quantity', 1, 'on_hand', 1, 'seq', 1),
    'A transfer to the ' || t.destination || ' refuses a seq that is not the newest of its source')
FROM (VALUES ('locker 2'), ('engine room')) AS t (destination);
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES (tap.id('yacht'), tap.id('seal in locker 2'), 2147483646, 'received');
SELECT tap.refuses(
    'crew', 'transfer_part',
    jsonb_build_object(
        'p_part_id', tap.id('seal'), 'p_from_location_id', tap.id('locker 1'),
        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 1),
    400, 'invalid_quantity',
    jsonb_build_object('part_id', tap.id('seal'), 'stock_id', tap.id('seal in locker 2'),
                       'quantity', 1),
    'A transfer refuses more than the destination can hold, and the source keeps it');
SELECT is_empty(
    $$SELECT t.transaction_id
      FROM public.pms_inventory_transactions AS t
      LEFT JOIN public.pms_inventory_transactions AS o
          ON o.yacht_id = t.yacht_id
         AND o.transaction_id = t.counterpart_id
         AND o.counterpart_id = t.transaction_id
         AND o.quantity_change = -t.quantity_change
      WHERE t.transaction_type LIKE 'transferred%'
        AND o.transaction_id IS NULL$$,
    'No transfer has half its legs');

SELECT tap.is_gated(
    'transfer_part',
    jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 1),
    tap.roles());

-- Whatever comes in between, there is no half of a transfer.
CREATE FUNCTION pg_temp.deactivate()
    RETURNS trigger
    LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE public.pms_part_locations AS l
    SET deleted_at = now()
    WHERE l.location_id = tap.id('locker 2');
    RETURN NULL;
END
$function$;
CREATE TRIGGER t99_deactivate
    AFTER INSERT ON public.pms_inventory_transactions
    FOR EACH ROW
    EXECUTE FUNCTION pg_temp.deactivate();
SELECT tap.refuses(
    'captain', 'transfer_part',
    jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 1),
    409, 'location_deactivated',
    jsonb_build_object(
        'part_id', tap.id('filter'), 'quantity', 1,
        'stock_id', (
            SELECT s.stock_id
            FROM public.pms_inventory_stock AS s
            WHERE s.part_id = tap.id('filter')
              AND s.location_id = tap.id('locker 2'))),
    'A transfer whose second leg fails is no transfer');

SELECT * FROM finish();
ROLLBACK;
