-- The views show what the tables under them show to who reads.

BEGIN;
SELECT plan(61);
SELECT tap.fleet();

SELECT tap.bounded('public.pms_part_stock', 'part_id', 'authenticated');
SELECT tap.bounded('public.pms_stock_by_location', 'stock_id', 'authenticated');
SELECT tap.bounded('public.v_stock_from_transactions', 'stock_id', 'authenticated');

SELECT tap.refuses(v.name, r.role, NULL, ARRAY['SELECT'],
                   'permission denied for view ' || split_part(v.name, '.', 2))
FROM (VALUES ('public.pms_part_stock'), ('public.pms_stock_by_location'),
             ('public.v_stock_from_transactions')) AS v (name)
CROSS JOIN unnest(ARRAY['service_role', 'anon']) AS r (role);

SELECT throws_ok(
    $$SELECT tap.run_as('authenticated', 'captain', 'SELECT FROM private.my_roles')$$,
    '42501', 'permission denied for schema private', 'people cannot read private.my_roles');

SELECT * FROM finish();
ROLLBACK;
