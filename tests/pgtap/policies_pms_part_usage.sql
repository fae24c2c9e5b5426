-- Who reads what parts were used for, and who records it.

BEGIN;
SELECT plan(53);
SELECT tap.fleet();
INSERT INTO public.pms_part_usage
    (yacht_id, usage_id, stock_id, part_id, quantity, quantity_change, work_order, used_by, used_at)
VALUES
    (tap.id('yacht'), tap.id('usage'), tap.id('filter in locker'), tap.id('filter'), 3, -3, 'WO-1',
     tap.id('crew'), now()),
    (tap.id('other yacht'), tap.id('other usage'), tap.id('other filter in locker'),
     tap.id('other filter'), 1, -1, 'WO-1', tap.id('stranger'), now());

SELECT policies_are('public', 'pms_part_usage', ARRAY['select_people', 'select_rpc', 'insert_rpc'],
                    'pms_part_usage has these policies');

SELECT tap.bounded('public.pms_part_usage', 'usage_id', 'authenticated');
SELECT tap.bounded('public.pms_part_usage', 'usage_id', 'pms_rpc');

SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO public.pms_part_usage
             (yacht_id, stock_id, part_id, quantity, quantity_change, equipment, used_by, used_at)
         VALUES (%L, %L, %L, 1, -1, %L, %L, now())',
        tap.id(p.yacht), tap.id('filter in locker'), tap.id('filter'), 'Generator 1',
        tap.id(p.used_by))),
    CASE
        WHEN p.may THEN 'ok'
        ELSE '42501 new row violates row-level security policy for table "pms_part_usage"'
    END,
    p.description)
FROM (VALUES
    ('crew', 'yacht', 'crew', true, 'any role may record its own use through an RPC'),
    ('captain', 'yacht', 'crew', false, 'nobody may record the use of another person'),
    ('stranger', 'yacht', 'stranger', false, 'a stranger may record no use'),
    ('captain', 'other yacht', 'captain', false, 'nobody may record a use on another yacht'),
    ('dismissed', 'yacht', 'dismissed', false, 'an inactive role may record no use'),
    ('expired', 'yacht', 'expired', false, 'a role that has ended may record no use'),
    ('future', 'yacht', 'future', false, 'a role that has not begun may record no use')
) AS p (who, yacht, used_by, may, description);
SELECT is(
    tap.outcome('superuser', NULL, format(
        'INSERT INTO public.pms_part_usage
             (yacht_id, stock_id, part_id, quantity, quantity_change, work_order, used_by, used_at)
         VALUES (%L, %L, %L, %s, %L, %L, now())',
        tap.id('yacht'), tap.id('filter in locker'), tap.id(v.part), v.rest, v.work_order,
        tap.id('crew'))),
    v.code || v.constraint_name || '"',
    v.description)
FROM (VALUES
    ('filter', '0, 0', 'WO-1',
     '23514 new row for relation "pms_part_usage" violates check constraint "',
     'usage_is_positive', 'a use of 0 is refused'),
    ('filter', '3, -2', 'WO-1',
     '23514 new row for relation "pms_part_usage" violates check constraint "',
     'usage_is_what_its_movement_took', 'a use whose change differs is refused'),
    ('filter', '3, -3', NULL,
     '23514 new row for relation "pms_part_usage" violates check constraint "',
     'usage_is_for_something', 'a use for nothing is refused'),
    ('gasket', '3, -3', 'WO-1',
     '23503 insert or update on table "pms_part_usage" violates foreign key constraint "',
     'usage_is_of_a_stock_of_its_yacht', 'a use of another part than the stock''s is refused')
) AS v (part, rest, work_order, code, constraint_name, description);

-- ledger_append_only.sql tries UPDATE, DELETE and TRUNCATE.
SELECT tap.refuses('public.pms_part_usage', 'authenticated', 'captain', ARRAY['INSERT']);
SELECT tap.refuses('public.pms_part_usage', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.pms_part_usage', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
