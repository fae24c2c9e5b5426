-- Who reads the shopping list, who asks, who takes the steps; and what no item can be.

BEGIN;
SELECT plan(86);
SELECT tap.fleet();
INSERT INTO public.pms_shopping_list_items (yacht_id, item_id, part_id, quantity, requested_by)
VALUES
    (tap.id('yacht'), tap.id('item'), tap.id('filter'), 5, tap.id('crew')),
    (tap.id('other yacht'), tap.id('other item'), tap.id('other filter'), 5, tap.id('stranger'));

SELECT policies_are('public', 'pms_shopping_list_items',
                    ARRAY['select_people', 'select_rpc', 'insert_rpc', 'update_rpc'],
                    'pms_shopping_list_items has these policies');

SELECT tap.bounded('public.pms_shopping_list_items', 'item_id', 'authenticated');
SELECT tap.bounded('public.pms_shopping_list_items', 'item_id', 'pms_rpc');

SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO public.pms_shopping_list_items
             (yacht_id, part_id, quantity, requested_by, status, decided_by)
         VALUES (%L, %L, 1, %L, %L, %L)',
        tap.id(p.yacht), tap.id(CASE p.yacht WHEN 'yacht' THEN 'filter' ELSE 'other filter' END),
        tap.id(p.requested_by), p.status, tap.id('captain'))),
    CASE
        WHEN p.may THEN 'ok'
        ELSE '42501 new row violates row-level security policy for table "pms_shopping_list_items"'
    END,
    p.description)
FROM (VALUES
    ('crew', 'yacht', 'crew', 'requested', true, 'any role may ask for a part through an RPC'),
    ('captain', 'yacht', 'crew', 'requested', false, 'nobody may ask in the name of another'),
    ('captain', 'yacht', 'captain', 'approved', false, 'no item begins as approved'),
    ('stranger', 'yacht', 'stranger', 'requested', false, 'a stranger may ask for nothing'),
    ('captain', 'other yacht', 'captain', 'requested', false, 'nobody may ask on another yacht'),
    ('dismissed', 'yacht', 'dismissed', 'requested', false, 'an inactive role may ask for nothing')
) AS p (who, yacht, requested_by, status, may, description);
SELECT is(
    tap.outcome('pms_rpc', r.role, format(
        'UPDATE public.pms_shopping_list_items AS i
         SET status = ''approved'', decided_by = %L
         WHERE i.item_id = %L', tap.id(r.role), tap.id('item'))),
    CASE
        WHEN r.role = ANY (tap.heads()) THEN 'ok'
        ELSE '42501 new row violates row-level security policy for table "pms_shopping_list_items"'
    END,
    'who may take a step with an item through an RPC: ' || r.role)
FROM unnest(tap.roles()) AS r (role);

SELECT is(
    tap.outcome('superuser', NULL, format(
        'UPDATE public.pms_shopping_list_items AS i SET %s WHERE i.item_id = %L',
        v.changes, tap.id('item'))),
    v.code || v.constraint_name || '"',
    v.description)
FROM (
    SELECT '23514 new row for relation "pms_shopping_list_items" violates check constraint "' AS code,
           c.*
    FROM (VALUES
        ('status = ''lost'', decided_by = requested_by', 'item_status_is_known',
         'no item is in another state'),
        ('quantity = -1', 'item_quantity_is_in_range', 'no item is of less than nothing'),
        ('quantity = 1000001', 'item_quantity_is_in_range', 'no item is of more than 1000000'),
        (format('quantity_received = 6, received_transaction_id = %L', tap.id('filter opening')),
         'no_more_is_received_than_wanted', 'no more arrives than wanted'),
        ('quantity_received = -1', 'no_more_is_received_than_wanted', 'no less than nothing arrives'),
        (format('quantity_received = 1, received_transaction_id = %L', tap.id('filter opening')),
         'only_what_is_ordered_arrives', 'nothing arrives that was not ordered'),
        ('status = ''received'', decided_by = requested_by, ordered_by = requested_by',
         'item_is_received_when_complete', 'no item is received that has not arrived'),
        (format('status = ''ordered'', decided_by = requested_by, ordered_by = requested_by,
                 quantity_received = 5, received_transaction_id = %L', tap.id('filter opening')),
         'item_is_received_when_complete', 'no item is open that has arrived'),
        ('status = ''ordered'', decided_by = requested_by, ordered_by = requested_by,
          quantity_received = 1', 'delivery_has_its_movement', 'nothing arrives without a movement'),
        ('status = ''approved''', 'each_step_says_who', 'nobody approves without a name'),
        ('status = ''ordered'', decided_by = requested_by', 'each_step_says_who',
         'nobody orders without a name')
    ) AS c (changes, constraint_name, description)
    UNION ALL
    SELECT
        '23503 insert or update on table "pms_shopping_list_items" violates foreign key constraint "',
        c.*
    FROM (VALUES
        (format('part_id = %L', tap.id('other filter')), 'item_is_of_a_part_of_its_yacht',
         'no item is of a part of another yacht'),
        (format('status = ''ordered'', decided_by = requested_by, ordered_by = requested_by,
                 quantity_received = 1, received_transaction_id = %L', tap.id('other opening')),
         'delivery_is_a_movement_on_its_yacht', 'no item is delivered by a movement elsewhere')
    ) AS c (changes, constraint_name, description)
) AS v;
SELECT is(
    tap.outcome('superuser', NULL, format('SELECT tap.insert_movement(%L)', tap.movement(m.type))),
    'ok', 'a movement without an item is fine: ' || m.type)
FROM (VALUES ('received'), ('consumed')) AS m (type);
SELECT is(
    tap.outcome('superuser', NULL, format(
        'INSERT INTO public.pms_inventory_transactions
             (yacht_id, stock_id, quantity_change, transaction_type, item_id)
         VALUES (%L, %L, %s, %L, %L)',
        tap.id('yacht'), tap.id('filter in locker'), m.change, m.type, tap.id(m.item))),
    m.outcome, m.description)
FROM (VALUES
    ('received', 1, 'item', 'ok', 'a delivery may name an item'),
    ('consumed', -1, 'item',
     '23514 new row for relation "pms_inventory_transactions" violates check constraint "only_deliveries_are_of_an_item"',
     'what is consumed delivers no item'),
    ('received', 1, 'other item',
     '23503 insert or update on table "pms_inventory_transactions" violates foreign key constraint "delivery_is_of_an_item_of_its_yacht"',
     'a delivery names no item of another yacht')
) AS m (type, change, item, outcome, description);

SELECT tap.refuses('public.pms_shopping_list_items', 'authenticated', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_shopping_list_items', 'pms_rpc', 'captain',
                   ARRAY['DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_shopping_list_items', 'service_role', NULL,
                   ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']);
SELECT tap.refuses('public.pms_shopping_list_items', 'anon', NULL,
                   ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']);

SELECT * FROM finish();
ROLLBACK;
