-- Who reads and opens stocks, and who refreshes their cached quantity.

BEGIN;
SELECT plan(61);
SELECT tap.fleet();

SELECT policies_are('public', 'pms_inventory_stock',
                    ARRAY['select_people', 'select_rpc', 'insert_rpc', 'update_rpc'],
                    'pms_inventory_stock has these policies');

SELECT tap.bounded('public.pms_inventory_stock', 'stock_id', 'authenticated');
SELECT tap.bounded('public.pms_inventory_stock', 'stock_id', 'pms_rpc');

-- Any role may move parts, so any may open the stock at which they arrive.
SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO public.pms_inventory_stock (yacht_id, part_id, location_id) VALUES (%L, %L, %L)',
        tap.id(p.yacht), tap.id('pump'), tap.id('bin'))),
    CASE
        WHEN p.may THEN 'ok'
        ELSE '42501 new row violates row-level security policy for table "pms_inventory_stock"'
    END,
    format('%s %s open a stock on the %s through an RPC', p.who,
           CASE WHEN p.may THEN 'may' ELSE 'may not' END, p.yacht))
FROM (VALUES ('crew', 'yacht', true), ('captain', 'yacht', true),
             ('captain', 'other yacht', false), ('stranger', 'yacht', false),
             ('dismissed', 'yacht', false), ('expired', 'yacht', false),
             ('future', 'yacht', false)) AS p (who, yacht, may);
SELECT throws_ok(
    $$SELECT tap.run_as('pms_rpc', 'stranger', format(
        'INSERT INTO public.pms_inventory_stock (yacht_id, part_id, location_id)
         VALUES (%L, %L, %L)', tap.id('other yacht'), tap.id('pump'), tap.id('bin')))$$,
    '23503',
    'insert or update on table "pms_inventory_stock" violates foreign key constraint "stock_is_of_a_part_of_its_yacht"',
    'a stock of one yacht cannot hold a part of another');

SELECT is(
    tap.answer('pms_rpc', p.who,
               'WITH u AS (UPDATE public.pms_inventory_stock AS s SET quantity = s.quantity
                           RETURNING s.stock_id)
                SELECT count(*) FROM u'),
    p.rows::text,
    format('an RPC that %s calls changes the %s stocks that it sees', p.who, p.rows))
FROM (VALUES ('crew', 3), ('stranger', 1), ('dismissed', 0)) AS p (who, rows);
SELECT is(
    tap.answer('pms_rpc', p.who,
               'WITH l AS (SELECT s.stock_id FROM public.pms_inventory_stock AS s FOR UPDATE)
                SELECT count(*) FROM l'),
    p.rows::text,
    format('an RPC that %s calls locks the %s stocks that it sees', p.who, p.rows))
FROM (VALUES ('crew', 3), ('stranger', 1), ('dismissed', 0)) AS p (who, rows);

SELECT tap.refuses('public.pms_inventory_stock', 'pms_rpc', 'captain', ARRAY['DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_inventory_stock', 'authenticated', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_inventory_stock', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.pms_inventory_stock', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
