-- What no row outside of the ledger can be, part by part of each CHECK; which keys are taken; and what
-- refers to what. The policies' files try what an RPC meets there; ledger_constraints.sql the ledger.

BEGIN;
SELECT plan(95);
SELECT tap.fleet();
SELECT tap.rows_everywhere();

SELECT is(
    tap.outcome('superuser', NULL, format('UPDATE %s SET %s WHERE %s', c.name, c.changes, c.a_row)),
    format('23514 new row for relation "%s" violates check constraint "%s"',
           split_part(c.name, '.', 2), c.rule),
    format('%s: %s', c.rule, c.description))
FROM (
    SELECT 'public.pms_parts' AS name, format('part_id = %L', tap.id('filter')) AS a_row, p.*
    FROM (VALUES
        ($$part_number = ' N-1'$$, 'part_has_a_number', 'a number has no blanks around it'),
        ($$part_number = ''$$, 'part_has_a_number', 'a number is not empty'),
        ($$part_number = repeat('1', 101)$$, 'part_has_a_number', 'a number has 100 characters'),
        ($$name = 'Pump '$$, 'part_has_a_name', 'a name has no blanks around it'),
        ($$name = ''$$, 'part_has_a_name', 'a name is not empty'),
        ($$name = repeat('n', 201)$$, 'part_has_a_name', 'a name has 200 characters'),
        ($$description = ''$$, 'part_text_is_not_blank', 'no description is empty'),
        ($$manufacturer = ''$$, 'part_text_is_not_blank', 'no maker is empty'),
        ($$category = ''$$, 'part_text_is_not_blank', 'no category is empty'),
        ($$barcode = ''$$, 'part_text_is_not_blank', 'no barcode is empty'),
        ($$unit = 'parsec'$$, 'unit_is_known', 'a unit is one of the list'),
        ('min_level = -1', 'min_level_is_in_range', 'no minimum is negative'),
        ('min_level = 1000001, max_level = NULL', 'min_level_is_in_range',
         'no minimum is over 1000000'),
        ('max_level = 3', 'max_level_is_in_range', 'no maximum is under the minimum'),
        ('max_level = 1000001', 'max_level_is_in_range', 'no maximum is over 1000000')
    ) AS p (changes, rule, description)
    UNION ALL
    SELECT 'public.pms_part_locations', format('location_id = %L', tap.id('locker')), l.*
    FROM (VALUES
        ($$name = ' Locker'$$, 'location_has_a_name', 'a location''s name has no blanks around it'),
        ($$name = ''$$, 'location_has_a_name', 'a location''s name is not empty'),
        ($$name = repeat('n', 201)$$, 'location_has_a_name', 'a location''s name has 200 characters'),
        ($$name = 'Deck / Locker'$$, 'location_has_a_name', 'a location''s name is no path'),
        ('parent_location_id = location_id', 'location_is_not_in_itself',
         'a location is not in itself')
    ) AS l (changes, rule, description)
    UNION ALL
    SELECT 'public.yacht_registry', format('yacht_id = %L', tap.id('yacht')), y.*
    FROM (VALUES
        ($$name = 'Yacht '$$, 'yacht_has_a_name', 'a yacht''s name has no blanks around it'),
        ($$name = ''$$, 'yacht_has_a_name', 'a yacht''s name is not empty')
    ) AS y (changes, rule, description)
    UNION ALL
    SELECT 'private.action_registry', $$action = 'search_parts'$$, a.*
    FROM (VALUES
        ($$roles = '{}'$$, 'action_has_roles', 'an action is somebody''s'),
        ('is_signed = true', 'only_writes_are_signed', 'no reading is signed'),
        ($$transaction_types = '{consumed}'$$, 'only_writes_move_stock', 'no reading moves stock'),
        ('success_status = 204', 'success_is_200_or_201', 'no success is empty')
    ) AS a (changes, rule, description)
    UNION ALL
    SELECT 'private.refusals', $$code = 'part_not_found'$$, r.*
    FROM (VALUES
        ('http_status = 200', 'refusal_is_a_client_error', 'no refusal is a success'),
        ('http_status = 500', 'refusal_is_a_client_error', 'no refusal is a server''s error')
    ) AS r (changes, rule, description)
    UNION ALL
    SELECT 'private.canary_steps', 'percentage = 5', s.*
    FROM (VALUES
        ('percentage = -1', 'step_is_of_a_hundred', 'no step is negative'),
        ('percentage = 101', 'step_is_of_a_hundred', 'no step is over a hundred'),
        ($$soak = '-1 s'$$, 'step_takes_calls_and_time', 'no soak is negative'),
        ($$max_gap = '0'$$, 'step_takes_calls_and_time', 'a gap takes time'),
        ($$alarm_period = '0'$$, 'step_takes_calls_and_time', 'an alarm takes time'),
        ('min_calls = 0', 'step_takes_calls_and_time', 'a step takes calls'),
        ('alarm_calls = 0', 'step_takes_calls_and_time', 'an alarm takes calls')
    ) AS s (changes, rule, description)
    UNION ALL
    SELECT 'private.canary_windows', 'true', w.*
    FROM (VALUES
        ('ended_at = started_at', 'window_ends_after_it_began', 'a window takes time'),
        ('server_errors = -1', 'counts_are_of_the_calls', 'no server errors are less than none'),
        ('violations = -1', 'counts_are_of_the_calls', 'no violations are less than none'),
        ('successes = -1', 'counts_are_of_the_calls', 'no successes are less than none'),
        ('server_errors = 3', 'counts_are_of_the_calls', 'a server error is an error'),
        ('successes = 8', 'counts_are_of_the_calls', 'no call is both a success and an error'),
        ('violations = 10', 'counts_are_of_the_calls', 'a violation is a call')
    ) AS w (changes, rule, description)
    UNION ALL
    SELECT 'private.reconciliations', 'true', r.*
    FROM (VALUES
        ('drifting = 6', 'repaired_are_of_those_that_drift', 'what drifts is a stock'),
        ('repaired = 4', 'repaired_are_of_those_that_drift', 'what is repaired drifted'),
        ('repaired = -1', 'repaired_are_of_those_that_drift', 'no repairs are less than none')
    ) AS r (changes, rule, description)
    UNION ALL
    SELECT v.*
    FROM (VALUES
        ('private.canary_criteria', 'true', $$purpose = 'x'$$, 'purpose_is_known',
         'a criterion has a purpose'),
        ('private.canary_criteria', 'true', $$comparison = '~'$$, 'comparison_is_known',
         'a criterion compares'),
        ('private.canary_decisions', 'true', 'percentage_after = 20', 'decision_moves_as_it_says',
         'what holds does not move'),
        ('public.feature_flags', 'true', 'canary_percentage = -1', 'percentage_is_of_a_hundred',
         'no percentage is negative'),
        ('public.feature_flags', 'true', 'canary_percentage = 101', 'percentage_is_of_a_hundred',
         'no percentage is over a hundred')
    ) AS v (name, a_row, changes, rule, description)
    UNION ALL
    VALUES ('private.signing_credentials', 'true', $$pin_hash = '271828'$$,
            'pin_is_hashed_by_bcrypt', 'no PIN is in clear')
) AS c;

-- Append-only: by INSERT.
SELECT is(
    tap.outcome('superuser', NULL, format(
        'INSERT INTO public.pms_part_usage
             (yacht_id, stock_id, part_id, quantity, quantity_change, work_order, equipment, used_by,
              used_at)
         VALUES (%L, %L, %L, 1, -1, %s, %L, now())',
        tap.id('yacht'), tap.id('filter in locker'), tap.id('filter'), u.purpose, tap.id('crew'))),
    '23514 new row for relation "pms_part_usage" violates check constraint "usage_is_for_something"',
    'usage_is_for_something: ' || u.description)
FROM (VALUES
    ($$'', NULL$$, 'no work order is empty'),
    ($$NULL, ''$$, 'no equipment is empty'),
    ($$repeat('w', 201), NULL$$, 'a work order has 200 characters'),
    ($$NULL, repeat('e', 201)$$, 'equipment has 200 characters')
) AS u (purpose, description);

-- Keys: a copy of a row, with other values in all keys but one.
SELECT is(
    tap.outcome('superuser', NULL, tap.copy_of(k.name, k.a_row, k.changes)),
    format('23505 duplicate key value violates unique constraint "%s"', k.key),
    format('%s: %s', k.key, k.description))
FROM (VALUES
    ('public.yacht_registry', format('t.yacht_id = %L', tap.id('yacht')), '{}'::jsonb,
     'yacht_registry_pkey', 'a yacht is there once'),
    ('public.auth_users_roles', format('t.user_id = %L', tap.id('crew')), '{"is_active": false}',
     'auth_users_roles_pkey', 'a person has a role on a yacht once'),
    ('public.pms_part_locations', format('t.location_id = %L', tap.id('locker')), '{"name": "x"}',
     'pms_part_locations_pkey', 'a location is there once'),
    ('public.pms_part_locations', format('t.location_id = %L', tap.id('locker')),
     jsonb_build_object('location_id', tap.id('new'), 'name', 'LOCKER 1'),
     'location_name_is_unique_in_its_parent', 'a name is taken in its parent, in whatever case'),
    ('public.pms_part_locations', format('t.location_id = %L', tap.id('deck')),
     jsonb_build_object('location_id', tap.id('new')),
     'location_name_is_unique_in_its_parent', 'a name is taken at the root too'),
    ('public.pms_parts', format('t.part_id = %L', tap.id('filter')), '{"part_number": "x"}',
     'pms_parts_pkey', 'a part is there once'),
    ('public.pms_parts', format('t.part_id = %L', tap.id('filter')),
     jsonb_build_object('part_id', tap.id('new'), 'part_number', '2010pm-or'),
     'part_number_is_unique_on_its_yacht', 'a part number is taken, in whatever case'),
    ('public.pms_inventory_stock', format('t.stock_id = %L', tap.id('filter in locker')),
     jsonb_build_object('location_id', tap.id('deck')),
     'pms_inventory_stock_pkey', 'a stock is there once'),
    ('public.pms_inventory_stock', format('t.stock_id = %L', tap.id('filter in locker')),
     jsonb_build_object('stock_id', tap.id('new')),
     'stock_is_unique_per_part_and_location', 'a part has one stock at a location'),
    ('public.pms_part_usage', format('t.usage_id = %L', tap.id('usage')), '{}',
     'pms_part_usage_pkey', 'a usage is there once'),
    ('public.pms_shopping_list_items', format('t.item_id = %L', tap.id('item')), '{}',
     'pms_shopping_list_items_pkey', 'an item is there once'),
    ('public.pms_audit_log', format('t.audit_id = %L', tap.id('audit')), '{}',
     'pms_audit_log_2026_01_pkey', 'a row of the log is there once'),
    ('private.signatures', format('t.signature_id = %L', tap.id('signature')),
     '{"totp_step": 1}', 'signatures_pkey', 'a signature is there once'),
    ('private.signing_credentials', 'true', '{"key_id": "x"}', 'signing_credentials_pkey',
     'a person has one credential that counts'),
    ('private.signing_failures', 'true', '{"action": "x"}', 'signing_failures_pkey',
     'a failure is there once'),
    ('private.enrolment_codes', 'true', '{"code_sha256": "x"}', 'enrolment_codes_pkey',
     'one code counts for a person'),
    ('public.feature_flags', 'true', '{"enabled": false}', 'feature_flags_pkey', 'a flag is there once'),
    ('private.canary_criteria', 'true', '{"threshold": 0}', 'canary_criteria_pkey',
     'a measure has one threshold'),
    ('private.canary_steps', 'true', '{"min_calls": 9}', 'canary_steps_pkey', 'a step is there once'),
    ('private.canary_windows', 'true', '{"calls": 10}', 'canary_windows_pkey',
     'a window is counted once'),
    ('private.canary_decisions', 'true', '{"cause": "b"}', 'canary_decisions_pkey',
     'a decision is there once'),
    ('private.reconciliations', 'true', '{"stocks": 9}', 'reconciliations_pkey',
     'a reconciliation is there once'),
    ('private.denied_attempts', 'true', '{"attempts": 2}', 'denied_attempts_pkey',
     'attempts of a minute are counted in one row'),
    ('private.action_registry', $$t.action = 'consume_part'$$, '{"roles": ["crew"]}',
     'action_registry_pkey', 'an action has one rule'),
    ('private.refusals', $$t.code = 'part_not_found'$$, '{"http_status": 400}', 'refusals_pkey',
     'a code has one status'),
    ('master.tenants', $$t.tenant_key_alias = 'FLEET'$$, '{"is_active": false}', 'tenants_pkey',
     'an alias is one tenant''s'),
    ('master.yachts', format('t.yacht_id = %L', tap.id('yacht')), '{}', 'yachts_pkey',
     'a yacht is of one tenant'),
    ('master.user_accounts', format('t.user_id = %L', tap.id('crew')), '{"is_active": false}',
     'user_accounts_pkey', 'a person has one account')
) AS k (name, a_row, changes, key, description);
UPDATE public.pms_parts AS p SET barcode = '123' WHERE p.part_id = tap.id('filter');
SELECT is(
    tap.outcome('superuser', NULL, tap.copy_of(
        'public.pms_parts', format('t.part_id = %L', tap.id('filter')),
        jsonb_build_object('part_id', tap.id('new'), 'part_number', 'x'))),
    '23505 duplicate key value violates unique constraint "barcode_is_unique_on_its_yacht"',
    'barcode_is_unique_on_its_yacht: a barcode is taken');
UPDATE public.pms_shopping_list_items AS i
SET status = 'ordered', decided_by = tap.id('captain'), ordered_by = tap.id('captain'),
    quantity_received = 1, received_transaction_id = tap.id('filter opening')
WHERE i.item_id = tap.id('item');
SELECT is(
    tap.outcome('superuser', NULL, tap.copy_of(
        'public.pms_shopping_list_items', format('t.item_id = %L', tap.id('item')),
        jsonb_build_object('item_id', tap.id('new')))),
    '23505 duplicate key value violates unique constraint "movement_delivers_one_item"',
    'movement_delivers_one_item: a movement is the delivery of one item');

-- What a row refers to is there, and on its yacht.
SELECT is(
    tap.outcome('superuser', NULL, format(
        'UPDATE %s AS t SET %s WHERE %s', f.name, f.changes, f.a_row)),
    format('23503 insert or update on table "%s" violates foreign key constraint "%s"',
           split_part(f.name, '.', 2), f.key),
    format('%s: %s', f.key, f.description))
FROM (VALUES
    ('public.pms_part_locations', format('parent_location_id = %L', tap.id('other locker')),
     format('t.location_id = %L', tap.id('bin')), 'location_is_in_a_location_of_its_yacht',
     'a location is in none of another yacht'),
    ('public.pms_part_locations', format('yacht_id = %L', tap.id('no yacht')),
     format('t.location_id = %L', tap.id('attic')), 'location_is_on_a_yacht',
     'a location is on a yacht that is there'),
    ('public.pms_parts', format('primary_location_id = %L', tap.id('other locker')),
     format('t.part_id = %L', tap.id('filter')), 'primary_location_is_on_its_yacht',
     'the primary location of a part is none of another yacht'),
    ('public.pms_inventory_stock', format('location_id = %L', tap.id('other locker')),
     format('t.stock_id = %L', tap.id('gasket in bin')), 'stock_is_at_a_location_of_its_yacht',
     'a stock is at no location of another yacht'),
    ('public.pms_inventory_stock', format('part_id = %L', tap.id('other filter')),
     format('t.stock_id = %L', tap.id('gasket in bin')), 'stock_is_of_a_part_of_its_yacht',
     'a stock is of no part of another yacht'),
    ('private.canary_decisions', $$flag_name = 'x'$$, 'true', 'decision_is_of_a_flag',
     'a decision is of a flag that is there'),
    ('private.enrolment_codes', format('yacht_id = %L', tap.id('no yacht')), 'true',
     'code_is_of_a_yacht', 'a code is of a yacht that is there'),
    ('master.yachts', $$tenant_key_alias = 'NOBODY'$$, 'true', 'yacht_is_of_a_tenant',
     'a yacht is of a tenant that is there'),
    ('master.user_accounts', $$tenant_key_alias = 'NOBODY'$$, 'true', 'account_is_of_a_tenant',
     'an account is of a tenant that is there')
) AS f (name, changes, a_row, key, description);
SELECT is(
    tap.outcome('superuser', NULL, tap.copy_of(
        'public.pms_parts', format('t.part_id = %L', tap.id('pump')),
        jsonb_build_object('yacht_id', tap.id('no yacht')))),
    '23503 insert or update on table "pms_parts" violates foreign key constraint "part_is_on_a_yacht"',
    'part_is_on_a_yacht: a part is on a yacht that is there');

SELECT * FROM finish();
ROLLBACK;
