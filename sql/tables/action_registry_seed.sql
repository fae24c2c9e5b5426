-- The actions and their roles.

WITH crew (roles) AS (
    VALUES (ARRAY['crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer',
                  'chief_officer', 'chief_steward', 'purser', 'captain', 'manager'])
),
hod (roles) AS (
    VALUES (ARRAY['eto', 'chief_engineer', 'chief_officer', 'chief_steward', 'purser', 'captain',
                  'manager'])
),
count (roles) AS (
    VALUES (ARRAY['chief_engineer', 'captain', 'manager'])
),
lead (roles) AS (
    VALUES (ARRAY['captain', 'manager'])
)
INSERT INTO private.action_registry
    (action, lens, description, roles, is_write, is_signed, required_arguments, transaction_types,
     success_status)
SELECT
    a.action,
    a.lens,
    a.description,
    CASE a.audience
        WHEN 'crew' THEN crew.roles
        WHEN 'hod' THEN hod.roles
        WHEN 'count' THEN count.roles
        WHEN 'lead' THEN lead.roles
    END,
    a.is_write,
    a.is_signed,
    a.required_arguments::text[],
    a.transaction_types::text[],
    a.success_status
FROM crew, hod, count, lead, (VALUES
    ('view_part_details', 'part', 'See a part with its stock', 'crew', false, false,
        '{p_part_id}', '{}', 200),
    ('search_parts', 'part', 'Find parts', 'crew', false, false, '{p_query}', '{}', 200),
    ('low_stock_parts', 'part', 'See what is below its minimum', 'crew', false, false, '{}', '{}', 200),
    ('action_list', 'part', 'See what one may do', 'crew', false, false, '{}', '{}', 200),
    ('stock_history', 'stock', 'See the movements of a part or of a stock', 'crew', false, false,
        '{}', '{}', 200),
    ('on_hand_as_of', 'stock', 'See what was in stock at a time', 'crew', false, false,
        '{p_part_id,p_at}', '{}', 200),
    ('consume_part', 'stock', 'Take parts out of stock', 'crew', true, false,
        '{p_part_id,p_quantity}', '{consumed}', 200),
    ('transfer_part', 'stock', 'Move parts from one location to another', 'crew', true, false,
        '{p_part_id,p_from_location_id,p_to_location_id,p_quantity}',
        '{transferred_out,transferred_in}', 200),
    ('write_off_part', 'stock', 'Write off parts that are lost or unfit', 'crew', true, true,
        '{p_part_id,p_quantity,p_reason}', '{write_off}', 200),
    ('receive_part', 'stock', 'Put delivered parts into stock', 'hod', true, false,
        '{p_part_id,p_quantity}', '{received}', 201),
    ('adjust_stock_quantity', 'stock', 'Correct a stock to what was counted', 'count', true, true,
        '{p_part_id,p_counted_quantity,p_reason}', '{adjusted}', 200),
    ('adjust_stock_quantities', 'stock', 'Correct many stocks to a count', 'count', true, true,
        '{p_counts,p_reason}', '{adjusted}', 200),
    ('reverse_transaction', 'stock', 'Undo a movement', 'hod', true, true,
        '{p_transaction_id,p_reason}', '{reversed}', 201),
    ('create_part', 'part', 'Add a part to the catalogue', 'hod', true, false,
        '{p_part_number,p_name}', '{opening}', 201),
    ('update_part', 'part', 'Change a part of the catalogue', 'hod', true, false,
        '{p_part_id,p_changes}', '{}', 200),
    ('create_location', 'location', 'Add a location', 'hod', true, false,
        '{p_name}', '{}', 201),
    ('update_location', 'location', 'Rename or move a location', 'hod', true, false,
        '{p_location_id,p_changes}', '{}', 200),
    ('import_parts', 'part', 'Add and change many parts at once', 'hod', true, false,
        '{p_rows}', '{opening}', 200),
    ('enroll_signature', 'person', 'Choose a PIN and an authenticator to sign with', 'crew', false,
        false, '{p_pin}', '{}', 200),
    ('confirm_signature', 'person', 'Confirm one''s authenticator', 'crew', false, false,
        '{p_totp}', '{}', 200),
    ('issue_enrolment_code', 'person', 'Let a person enrol for signing', 'lead', true, true,
        '{p_user_id}', '{}', 201)
) AS a (action, lens, description, audience, is_write, is_signed, required_arguments,
        transaction_types, success_status);

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
