-- Deploy part_lens_tenant:lifecycle_actions to pg
-- requires: action_registry
-- requires: refusals

BEGIN;

INSERT INTO private.refusals (code, http_status, message, hint) VALUES
    ('stock_not_empty', 409, 'Parts are still in stock', 'Consume, transfer or write off what is left.'),
    ('illegal_transition', 409, 'The present state does not allow this', 'See details for the state.');


-- What is in the catalogue at all, captains and managers decide.
INSERT INTO private.action_registry
    (action, lens, description, roles, is_write, is_signed, required_arguments, transaction_types,
     success_status)
SELECT
    a.action, a.lens, a.description, ARRAY['captain', 'manager'], true, false,
    ARRAY['p_' || a.lens || '_id', 'p_reason'], '{}', 200
FROM (VALUES
    ('deactivate_part', 'part', 'Take a part out of the catalogue'),
    ('reactivate_part', 'part', 'Take a part back into the catalogue'),
    ('deactivate_location', 'location', 'Close a location'),
    ('reactivate_location', 'location', 'Open a location again')
) AS a (action, lens, description);

COMMIT;
