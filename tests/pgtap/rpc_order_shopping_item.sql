BEGIN;
SELECT plan(42);
SELECT tap.fixture();
SELECT tap.shopping_list();

SELECT tap.is_rpc('order_shopping_item', ARRAY['uuid', 'uuid', 'text', 'text', 'text'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-5"}';
SELECT is(
    tap.trace('purser', 'order_shopping_item', jsonb_build_object(
        'p_item_id', tap.id('approved'), 'p_supplier', 'Chandlery', 'p_reference', 'PO-1')) - 'audit',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'order_shopping_item', 'item_id', tap.id('approved'),
            'part_id', tap.id('filter'), 'status', 'ordered'),
        'status', 200, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_shopping_list_items']),
    'The step is answered with the new status, and changes the item alone');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('purser'), 'role', 'purser',
        'action', 'order_shopping_item', 'entity_type', 'item', 'entity_id', tap.id('approved'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "shopping", "request_id": "r-5"}'::jsonb),
    'The step is in the audit log');
SELECT is(
    (SELECT to_jsonb(i)
     FROM (
         SELECT i.status, i.quantity_received, i.supplier, i.reference, i.reject_reason,
                i.decided_by, i.decided_at IS NOT NULL AS decided, i.ordered_by,
                i.ordered_at IS NOT NULL AS ordered
         FROM public.pms_shopping_list_items AS i
         WHERE i.item_id = tap.id('approved')
     ) AS i),
    jsonb_build_object(
        'status', 'ordered', 'quantity_received', 0, 'supplier', 'Chandlery', 'reference', 'PO-1',
        'reject_reason', NULL, 'decided_by', tap.id('captain'), 'decided', false,
        'ordered_by', tap.id('purser'), 'ordered', true),
    'The item says who took the step, and when');
INSERT INTO public.pms_shopping_list_items
    (yacht_id, item_id, part_id, status, quantity, requested_by, decided_by)
VALUES (tap.id('yacht'), tap.id('fresh'), tap.id('belt'), 'approved', 1, tap.id('crew'),
        tap.id('captain'));
UPDATE public.pms_shopping_list_items AS i
SET status = 'approved', decided_by = tap.id('captain')
WHERE i.item_id = tap.id('old item');
SELECT tap.refuses(
    'captain', 'order_shopping_item', jsonb_build_object('p_item_id', tap.id('old item')), 409, 'part_deactivated',
    jsonb_build_object('item_id', tap.id('old item'), 'part_id', tap.id('relic')),
    'The step is refused of an item of a deactivated part');

SELECT tap.refuses(
    'captain', 'order_shopping_item', jsonb_build_object('p_item_id', tap.id(t.item)), 409,
    'illegal_transition', jsonb_build_object('item_id', tap.id(t.item), 'status', t.status),
    'The step is refused of an item that is ordered already, or else: ' || t.item)
FROM (VALUES
    ('approved', 'ordered'),
    ('requested', 'requested'),
    ('ordered', 'ordered'),
    ('half', 'ordered'),
    ('received', 'received'),
    ('rejected', 'rejected')
) AS t (item, status);
SELECT tap.refuses(
    'both', 'order_shopping_item', jsonb_build_object('p_item_id', tap.id(t.item)), 404, 'item_not_found',
    jsonb_build_object('item_id', tap.id(t.item)),
    'The step is refused of ' || t.what)
FROM (VALUES
    ('no item', 'an item that does not exist'),
    ('other item', 'an item of another yacht, also to a person of both')
) AS t (item, what);
SELECT tap.refuses(
    'captain', 'order_shopping_item', jsonb_build_object('p_item_id', tap.id('fresh')) || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'The step is refused with ' || t.what)
FROM (VALUES
    ('{"p_item_id": null}'::jsonb, 'p_item_id', 'is required', 'no item'),
    ('{"p_supplier": ""}', 'p_supplier', 'does not have 1 to 200 characters', 'no supplier''s name'),
    (jsonb_build_object('p_reference', repeat('r', 201)), 'p_reference',
     'does not have 1 to 200 characters', 'a reference of 201 characters')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'captain', 'order_shopping_item',
    jsonb_build_object('p_item_id', tap.id('fresh'), 'p_idempotency_key', NULL), 400,
    'missing_idempotency_key', NULL,
    'The step is refused without a key');

SELECT tap.is_gated(
    'order_shopping_item', jsonb_build_object('p_item_id', tap.id('fresh')), tap.heads());

SELECT * FROM finish();
ROLLBACK;
