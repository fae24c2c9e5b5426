BEGIN;
SELECT plan(127);
SELECT tap.fixture();
SELECT tap.shopping_list();

-- Each RPC that writes, with arguments and with others.
CREATE TEMPORARY TABLE calls AS
SELECT c.action, c.arguments, c.others
FROM (VALUES
    ('consume_part',
     jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1),
     '{"p_quantity": 2}'::jsonb),
    ('receive_part',
     jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1),
     '{"p_supplier": "Chandlery"}'),
    ('transfer_part',
     jsonb_build_object('p_part_id', tap.id('filter'), 'p_from_location_id', tap.id('locker 1'),
                        'p_to_location_id', tap.id('locker 2'), 'p_quantity', 1),
     '{"p_notes": "other"}'),
    ('create_part',
     '{"p_part_number": "I-1", "p_name": "Idempotent"}',
     '{"p_part_number": "I-2"}'),
    ('update_part',
     jsonb_build_object('p_part_id', tap.id('belt'), 'p_changes', '{"name": "Belt"}'::jsonb),
     '{"p_changes": {"name": "Other belt"}}'),
    ('create_location', '{"p_name": "Chain locker"}', '{"p_name": "Other locker"}'),
    ('update_location',
     jsonb_build_object('p_location_id', tap.id('locker 2'), 'p_changes', '{"name": "L"}'::jsonb),
     '{"p_changes": {"name": "M"}}'),
    ('import_parts',
     '{"p_rows": [{"part_number": "I-9", "name": "Imported"}]}',
     '{"p_dry_run": true}'),
    ('deactivate_part',
     jsonb_build_object('p_part_id', tap.id('bolt'), 'p_reason', 'Old'), '{"p_reason": "New"}'),
    ('reactivate_part',
     jsonb_build_object('p_part_id', tap.id('relic'), 'p_reason', 'Old'), '{"p_reason": "New"}'),
    ('deactivate_location',
     jsonb_build_object('p_location_id', tap.id('attic'), 'p_reason', 'Old'),
     '{"p_reason": "New"}'),
    ('reactivate_location',
     jsonb_build_object('p_location_id', tap.id('attic'), 'p_reason', 'Old'),
     '{"p_reason": "New"}'),
    ('request_part', jsonb_build_object('p_part_id', tap.id('belt'), 'p_quantity', 1),
     '{"p_quantity": 2}'),
    ('approve_shopping_item', jsonb_build_object('p_item_id', tap.id('requested')),
     jsonb_build_object('p_item_id', tap.id('ordered'))),
    ('reject_shopping_item', jsonb_build_object('p_item_id', tap.id('old item')),
     '{"p_reason": "New"}'),
    ('order_shopping_item', jsonb_build_object('p_item_id', tap.id('approved')),
     '{"p_supplier": "Chandlery"}'),
    ('receive_shopping_item', jsonb_build_object('p_item_id', tap.id('ordered'), 'p_quantity', 1),
     '{"p_quantity": 2}'),
    ('adjust_stock_quantity',
     jsonb_build_object('p_part_id', tap.id('filter'), 'p_counted_quantity', 4, 'p_reason', 'Count',
                        'p_stock_id', tap.id('filter in locker 2')),
     '{"p_counted_quantity": 2}'),
    ('adjust_stock_quantities',
     jsonb_build_object('p_reason', 'Count', 'p_counts', jsonb_build_array(jsonb_build_object(
         'part_id', tap.id('filter'), 'counted_quantity', 9))),
     '{"p_reason": "Other"}'),
    ('write_off_part',
     jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_reason', 'Wet'),
     '{"p_quantity": 2}'),
    ('reverse_transaction',
     jsonb_build_object('p_transaction_id', tap.id('opening of seal in locker 1'),
                        'p_reason', 'Mistake'),
     '{"p_reason": "Other"}'),
    ('issue_enrolment_code', jsonb_build_object('p_user_id', tap.id('crew')),
     jsonb_build_object('p_user_id', tap.id('purser')))
) AS c (action, arguments, others);

SELECT is(
    ARRAY(SELECT c.action FROM pg_temp.calls AS c ORDER BY c.action),
    ARRAY(SELECT f.proname::text
          FROM pg_catalog.pg_proc AS f
          WHERE f.pronamespace = 'public'::regnamespace
            AND 'p_idempotency_key' = ANY (f.proargnames)
          ORDER BY f.proname),
    'These are the RPCs that take a key');

CREATE TEMPORARY TABLE firsts AS
SELECT c.action,
       tap.call('captain', c.action,
                c.arguments || jsonb_build_object('p_idempotency_key', c.action)) AS answer
FROM pg_temp.calls AS c;
SELECT is(f.answer ->> 'success', 'true', 'A key is taken by ' || f.action)
FROM pg_temp.firsts AS f;
SELECT is(
    (SELECT jsonb_object_agg(k.idempotency_key, jsonb_build_object(
        'yacht_id', k.yacht_id, 'actor_id', k.actor_id, 'action', k.action, 'result', k.result))
     FROM private.request_keys AS k),
    (SELECT jsonb_object_agg(f.action, jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('captain'), 'action', f.action,
        'result', f.answer || CASE WHEN f.answer ? 'enrolment_code' THEN '{"enrolment_code": null}' ELSE '{}' END::jsonb))
     FROM pg_temp.firsts AS f),
    'A call is one key, with who made it and its result, also when it moved twice or not at all');

SELECT tap.refuses(
    'captain', c.action, c.arguments || jsonb_build_object('p_idempotency_key', c.action), 409,
    'duplicate_idempotency_key',
    -- An enrolment code is told once.
    f.answer || CASE WHEN f.answer ? 'enrolment_code' THEN '{"enrolment_code": null}' ELSE '{}' END::jsonb,
    format('The same call of %s again hears its first answer, and does nothing', c.action))
FROM pg_temp.calls AS c
JOIN pg_temp.firsts AS f USING (action);
SELECT tap.refuses(
    'captain', c.action,
    c.arguments || c.others || jsonb_build_object('p_idempotency_key', c.action), 409,
    'idempotency_key_reused', NULL,
    format('Another call of %s with the key is refused', c.action))
FROM pg_temp.calls AS c;
SELECT tap.refuses(
    'manager', c.action, c.arguments || jsonb_build_object('p_idempotency_key', c.action), 409,
    'idempotency_key_reused', NULL,
    format('Somebody else''s call of %s with the key hears nothing of the first', c.action))
FROM pg_temp.calls AS c;
SELECT tap.refuses(
    'captain', c.action,
    c.arguments || jsonb_build_object('p_idempotency_key', o.action), 409,
    'idempotency_key_reused', NULL,
    format('A call of %s with the key of %s is refused', c.action, o.action))
FROM (
    SELECT c.action, c.arguments,
           lead(c.action, 1, 'consume_part') OVER (ORDER BY c.action) AS other
    FROM pg_temp.calls AS c
) AS c
JOIN pg_temp.calls AS o ON o.action = c.other;

SELECT is(
    tap.call('both', 'create_location', jsonb_build_object(
        'p_yacht_id', tap.id(t.yacht), 'p_name', 'Lazarette', 'p_idempotency_key', 'shared'))
        ->> 'success',
    'true',
    format('A key is of one yacht: it is free on the %s', t.yacht))
FROM (VALUES ('yacht'), ('other yacht')) AS t (yacht);
SELECT is(
    tap.call('captain', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', t.quantity, 'p_idempotency_key', 'again'))
        ->> 'code',
    t.code,
    'A call that ' || t.what)
FROM (VALUES
    (99, 'insufficient_stock', 'is refused leaves its key free'),
    (0, 'invalid_quantity', 'is refused for its arguments leaves its key free too'),
    (1, NULL, 'comes with the key of a refused one is carried out'),
    (1, 'duplicate_idempotency_key', 'comes after it is its twin')
) AS t (quantity, code, what);
SELECT is(
    tap.call('captain', 'create_location', jsonb_build_object(
        'p_name', 'Key ' || length(t.key), 'p_idempotency_key', t.key)) ->> 'success',
    'true',
    'A key may be ' || t.what)
FROM (VALUES
    ('k', 'one character'), (repeat('k', 255), '255 characters'),
    (repeat('é', 254), 'of characters outside ASCII')
) AS t (key, what);
SELECT is(
    tap.call('captain', 'create_location', jsonb_build_object(
        'p_name', 'Case', 'p_idempotency_key', 'K')) ->> 'success',
    'true',
    'Keys that differ in case are two');
SELECT is(
    tap.call('captain', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_occurred_at', '2026-02-03T10:00:00Z',
        'p_idempotency_key', 'time')) ->> 'success',
    'true',
    'A call names its time in UTC');
SET LOCAL timezone = 'Pacific/Auckland';
SELECT is(
    tap.call('captain', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_occurred_at', t.at,
        'p_idempotency_key', 'time')) ->> 'code',
    t.code,
    format('Its twin at %s is %s', t.at, t.code))
FROM (VALUES
    ('2026-02-03T12:00:00+02', 'duplicate_idempotency_key'),
    ('2026-02-03T10:00:01Z', 'idempotency_key_reused')
) AS t (at, code);
SET LOCAL timezone = 'UTC';
SELECT is(
    tap.call('captain', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1, 'p_occurred_at', '2026-02-03T10:00:00Z',
        'p_idempotency_key', 'time', 'p_notes', NULL)) ->> 'code',
    'duplicate_idempotency_key',
    'An argument that is null is one that is not given');
SELECT is(
    (SELECT a.metadata ->> 'request_id'
     FROM public.pms_audit_log AS a
     WHERE a.error_code = 'duplicate_idempotency_key'
     ORDER BY a.created_at DESC
     LIMIT 1),
    NULL,
    'A twin is in the audit log, without a request id when none came');

SELECT * FROM finish();
ROLLBACK;
