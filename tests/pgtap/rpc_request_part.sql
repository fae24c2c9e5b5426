BEGIN;
SELECT plan(38);
SELECT tap.fixture();

SELECT tap.is_rpc('request_part', ARRAY['uuid', 'uuid', 'integer', 'text', 'text'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-6"}';
SELECT is(
    tap.trace('deckhand', 'request_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 5, 'p_notes', 'Running low'))
        #- '{answer,item_id}' #- '{audit}',
    jsonb_build_object(
        'answer', jsonb_build_object(
            'success', true, 'action', 'request_part', 'part_id', tap.id('filter'),
            'status', 'requested', 'quantity', 5),
        'status', 201, 'denied', 0,
        'changed', ARRAY['private.request_keys', 'public.pms_shopping_list_items']),
    'A request is answered with 201, and moves nothing');
SELECT is(
    (SELECT jsonb_agg(jsonb_build_object(
        'item_id', i.item_id, 'part_id', i.part_id, 'status', i.status, 'quantity', i.quantity,
        'quantity_received', i.quantity_received, 'notes', i.notes,
        'requested_by', i.requested_by, 'decided_by', i.decided_by))
     FROM public.pms_shopping_list_items AS i),
    jsonb_build_array(jsonb_build_object(
        'item_id', tap.newest_audit() -> 'entity_id', 'part_id', tap.id('filter'),
        'status', 'requested', 'quantity', 5, 'quantity_received', 0, 'notes', 'Running low',
        'requested_by', tap.id('deckhand'), 'decided_by', NULL)),
    'The item is on the list, with who asked for it');
SELECT is(
    tap.newest_audit() - ARRAY['entity_id'],
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('deckhand'), 'role', 'deckhand',
        'action', 'request_part', 'entity_type', 'item', 'outcome', 'ok', 'error_code', NULL,
        'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "shopping", "request_id": "r-6"}'::jsonb),
    'The request is in the audit log');

SELECT tap.refuses(
    'crew', 'request_part',
    jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1) || t.argument, 400, t.code,
    t.details, 'A request refuses ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'invalid_argument',
     '{"argument": "p_part_id", "reason": "is required"}'::jsonb, 'no part'),
    ('{"p_quantity": null}', 'invalid_quantity',
     '{"argument": "p_quantity", "reason": "is required"}', 'no quantity'),
    ('{"p_quantity": 0}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 0}', 'nothing'),
    ('{"p_quantity": 1000001}', 'invalid_quantity',
     '{"argument": "p_quantity", "quantity": 1000001}', 'more than 1000000'),
    (jsonb_build_object('p_notes', repeat('n', 2001)), 'invalid_argument',
     '{"argument": "p_notes", "reason": "is longer than 2000 characters"}',
     'notes of 2001 characters'),
    ('{"p_idempotency_key": null}', 'missing_idempotency_key', NULL, 'to go without a key')
) AS t (argument, code, details, what);
SELECT tap.refuses(
    'both', 'request_part', jsonb_build_object('p_part_id', tap.id(t.part), 'p_quantity', 1),
    t.status, t.code, jsonb_build_object('part_id', tap.id(t.part)),
    'A request refuses ' || t.what)
FROM (VALUES
    ('no part', 404, 'part_not_found', 'a part that does not exist'),
    ('other filter', 404, 'part_not_found', 'a part of another yacht, also to a person of both'),
    ('relic', 409, 'part_deactivated', 'a deactivated part')
) AS t (part, status, code, what);

SELECT tap.is_gated(
    'request_part', jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1), tap.roles());

SELECT * FROM finish();
ROLLBACK;
