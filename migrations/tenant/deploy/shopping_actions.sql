-- Deploy part_lens_tenant:shopping_actions to pg
-- requires: action_registry
-- requires: refusals

BEGIN;

INSERT INTO private.refusals (code, http_status, message, hint) VALUES
    ('item_not_found', 404, 'No such item on the shopping list of this yacht', NULL);

-- Everybody on board may ask for a part; who receives parts also decides what is bought.
INSERT INTO private.action_registry
    (action, lens, description, roles, is_write, is_signed, required_arguments, transaction_types,
     success_status)
SELECT
    a.action, a.lens, a.description, r.roles, a.is_write, false, a.required_arguments::text[],
    a.transaction_types::text[], a.success_status
FROM (VALUES
    ('part_suggestions', 'part', 'See how much of a part to order', 'consume_part', false,
        '{p_part_id}', '{}', 200),
    ('request_part', 'shopping', 'Put a part on the shopping list', 'consume_part', true,
        '{p_part_id,p_quantity}', '{}', 201),
    ('approve_shopping_item', 'shopping', 'Agree to what was requested', 'receive_part', true,
        '{p_item_id}', '{}', 200),
    ('reject_shopping_item', 'shopping', 'Take an item off the shopping list', 'receive_part', true,
        '{p_item_id}', '{}', 200),
    ('order_shopping_item', 'shopping', 'Record that an item is ordered', 'receive_part', true,
        '{p_item_id}', '{}', 200),
    ('receive_shopping_item', 'shopping', 'Put what was ordered into stock', 'receive_part', true,
        '{p_item_id,p_quantity}', '{received}', 200)
) AS a (action, lens, description, as_for, is_write, required_arguments, transaction_types,
        success_status)
JOIN private.action_registry AS r ON r.action = a.as_for;

COMMIT;
