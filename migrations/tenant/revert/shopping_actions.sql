-- Revert part_lens_tenant:shopping_actions from pg

BEGIN;

DELETE FROM private.action_registry AS a
WHERE a.action IN ('part_suggestions', 'request_part', 'approve_shopping_item',
                   'reject_shopping_item', 'order_shopping_item', 'receive_shopping_item');

DELETE FROM private.refusals AS r
WHERE r.code = 'item_not_found';

COMMIT;
