-- Who reads, adds and changes parts.

BEGIN;
SELECT plan(68);
SELECT tap.fleet();

SELECT policies_are('public', 'pms_parts',
                    ARRAY['select_people', 'select_rpc', 'insert_rpc', 'update_rpc'],
                    'pms_parts has these policies');

SELECT tap.bounded('public.pms_parts', 'part_id', 'authenticated');
SELECT tap.bounded('public.pms_parts', 'part_id', 'pms_rpc');

-- Parts are added by who has a role that an action of parts names.
SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO public.pms_parts (yacht_id, part_number, name) VALUES (%L, %L, %L)',
        tap.id(p.yacht), 'N-1', 'Impeller')),
    CASE
        WHEN p.may THEN 'ok'
        ELSE '42501 new row violates row-level security policy for table "pms_parts"'
    END,
    format('%s %s add a part to the %s through an RPC', p.who,
           CASE WHEN p.may THEN 'may' ELSE 'may not' END, p.yacht))
FROM (
    SELECT r.role AS who, 'yacht' AS yacht,
           r.role NOT IN ('crew', 'deckhand', 'steward', 'engineer') AS may
    FROM unnest(tap.roles()) AS r (role)
    UNION ALL
    VALUES ('captain', 'other yacht', false), ('stranger', 'yacht', false),
           ('stranger', 'other yacht', true), ('dismissed', 'yacht', false),
           ('expired', 'yacht', false), ('future', 'yacht', false)
) AS p (who, yacht, may);

SELECT is(
    tap.answer('pms_rpc', p.who,
               'WITH u AS (UPDATE public.pms_parts AS p SET name = p.name RETURNING p.part_number)
                SELECT count(*) FROM u'),
    p.rows::text,
    format('an RPC that %s calls changes the %s parts that it sees', p.who, p.rows))
FROM (VALUES ('captain', 3), ('stranger', 1), ('dismissed', 0)) AS p (who, rows);
SELECT throws_ok(
    $$SELECT tap.run_as('pms_rpc', 'captain',
        'UPDATE public.pms_parts AS p SET yacht_id = tap.id(''other yacht'')
         WHERE p.part_id = tap.id(''pump'')')$$,
    '42501', 'new row violates row-level security policy for table "pms_parts"',
    'an RPC cannot hand a part to another yacht');

SELECT tap.refuses('public.pms_parts', 'pms_rpc', 'captain', ARRAY['DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_parts', 'authenticated', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_parts', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.pms_parts', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
