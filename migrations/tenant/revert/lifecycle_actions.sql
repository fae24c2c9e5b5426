-- Revert part_lens_tenant:lifecycle_actions from pg

BEGIN;

DELETE FROM private.action_registry AS a
WHERE a.action IN ('deactivate_part', 'reactivate_part', 'deactivate_location',
                   'reactivate_location');

DELETE FROM private.refusals AS r
WHERE r.code IN ('stock_not_empty', 'illegal_transition');

COMMIT;
