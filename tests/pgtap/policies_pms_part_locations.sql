-- Who reads, adds and changes locations.

BEGIN;
SELECT plan(68);
SELECT tap.fleet();

SELECT policies_are('public', 'pms_part_locations',
                    ARRAY['select_people', 'select_rpc', 'insert_rpc', 'update_rpc'],
                    'pms_part_locations has these policies');

SELECT tap.bounded('public.pms_part_locations', 'location_id', 'authenticated');
SELECT tap.bounded('public.pms_part_locations', 'location_id', 'pms_rpc');

-- Locations are added by who has a role that an action of locations names.
SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO public.pms_part_locations (yacht_id, name) VALUES (%L, %L)',
        tap.id(p.yacht), 'Bow thruster room')),
    CASE
        WHEN p.may THEN 'ok'
        ELSE '42501 new row violates row-level security policy for table "pms_part_locations"'
    END,
    format('%s %s add a location to the %s through an RPC', p.who,
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
               'WITH u AS (UPDATE public.pms_part_locations AS l SET name = l.name
                           RETURNING l.location_id)
                SELECT count(*) FROM u'),
    p.rows::text,
    format('an RPC that %s calls changes the %s locations that it sees', p.who, p.rows))
FROM (VALUES ('captain', 3), ('stranger', 1), ('dismissed', 0)) AS p (who, rows);
SELECT throws_ok(
    $$SELECT tap.run_as('pms_rpc', 'captain',
        'UPDATE public.pms_part_locations AS l SET yacht_id = tap.id(''other yacht'')
         WHERE l.location_id = tap.id(''bin'')')$$,
    '42501', 'new row violates row-level security policy for table "pms_part_locations"',
    'an RPC cannot hand a location to another yacht');

SELECT tap.refuses('public.pms_part_locations', 'pms_rpc', 'captain', ARRAY['DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_part_locations', 'authenticated', 'captain',
                   ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('public.pms_part_locations', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.pms_part_locations', 'anon', NULL, ARRAY['SELECT', 'INSERT']);

SELECT * FROM finish();
ROLLBACK;
