BEGIN;
SELECT plan(38);
SELECT tap.fixture();

SELECT tap.is_rpc('view_part_details', ARRAY['uuid', 'uuid'], 'volatile');

SET LOCAL "request.headers" = '{"x-request-id": "r-8"}';
CREATE TEMPORARY TABLE first AS
SELECT tap.trace('crew', 'view_part_details', jsonb_build_object('p_part_id', tap.id('filter')))
    AS call;
SELECT is(
    (SELECT (f.call -> 'answer') - ARRAY['stocks', 'updated_at'] FROM pg_temp.first AS f),
    jsonb_build_object(
        'part_id', tap.id('filter'), 'part_number', 'RAC-2010', 'name', 'Fuel filter element',
        'description', NULL, 'manufacturer', 'Racor', 'category', NULL, 'unit', 'pcs',
        'barcode', '4006633200103', 'min_level', 4, 'max_level', 20, 'is_critical', true,
        'is_active', true, 'primary_location_id', tap.id('locker 1'), 'on_hand', 15,
        'is_low', false),
    'A view shows the part and what is on hand over all its stocks');
SELECT is(
    (SELECT jsonb_agg(s.stock ORDER BY s.stock -> 'is_primary' DESC)
     FROM pg_temp.first AS f
     CROSS JOIN jsonb_array_elements(f.call #> '{answer,stocks}') AS s (stock)),
    jsonb_build_array(
        jsonb_build_object(
            'stock_id', tap.id('filter in locker 1'), 'location_id', tap.id('locker 1'),
            'location', 'Engine room / Locker 1', 'is_primary', true, 'on_hand', 10, 'seq', 1),
        jsonb_build_object(
            'stock_id', tap.id('filter in locker 2'), 'location_id', tap.id('locker 2'),
            'location', 'Engine room / Locker 2', 'is_primary', false, 'on_hand', 5, 'seq', 1)),
    'A view shows each stock with its path and its newest seq');
SELECT is(
    (SELECT jsonb_build_object('status', f.call -> 'status', 'changed', f.call -> 'changed',
                               'denied', f.call -> 'denied')
     FROM pg_temp.first AS f),
    '{"status": 200, "changed": [], "denied": 0}',
    'A view is answered with 200 and writes nothing but its record');
SELECT is(
    tap.newest_audit(),
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('crew'), 'role', 'crew',
        'action', 'view_part_details', 'entity_type', 'part', 'entity_id', tap.id('filter'),
        'outcome', 'ok', 'error_code', NULL, 'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "part", "request_id": "r-8"}'::jsonb),
    'A view is in the audit log, unsigned');
SELECT is(
    current_setting('synchronous_commit'),
    'off',
    'A view does not wait for the disk');
SELECT is(
    (SELECT jsonb_build_object('stocks', v.part -> 'stocks', 'on_hand', v.part -> 'on_hand',
                               'is_low', v.part -> 'is_low', 'is_active', v.part -> 'is_active')
     FROM tap.call('crew', 'view_part_details',
                   jsonb_build_object('p_part_id', tap.id(t.part))) AS v (part)),
    t.shows,
    'A view of ' || t.what)
FROM (VALUES
    ('gasket', '{"stocks": [], "on_hand": 0, "is_low": true, "is_active": true}'::jsonb,
     'a part without a stock shows none, and that it is low'),
    ('bolt', '{"stocks": [], "on_hand": 0, "is_low": false, "is_active": true}',
     'a part without a minimum shows that it is not low'),
    ('relic',
     jsonb_build_object(
         'on_hand', 2, 'is_low', false, 'is_active', false,
         'stocks', jsonb_build_array(jsonb_build_object(
             'stock_id', tap.id('relic in locker 1'), 'location_id', tap.id('locker 1'),
             'location', 'Engine room / Locker 1', 'is_primary', true, 'on_hand', 2, 'seq', 1))),
     'a deactivated part shows that it is, and never that it is low')
) AS t (part, shows, what);

SELECT tap.refuses(
    'crew', 'view_part_details', '{}', 400, 'invalid_argument',
    '{"argument": "p_part_id", "reason": "is required"}',
    'A view is refused without a part');
SELECT tap.refuses(
    'both', 'view_part_details', jsonb_build_object('p_part_id', tap.id(t.part)), 404,
    'part_not_found', jsonb_build_object('part_id', tap.id(t.part)),
    'A view is refused of ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);
SELECT throws_ok(
    $$SELECT tap.call_read_only('crew', 'view_part_details',
                                jsonb_build_object('p_part_id', tap.id('filter')))$$,
    '25006', 'cannot execute INSERT in a read-only transaction',
    'A view that cannot be recorded is not answered');

SELECT tap.is_gated(
    'view_part_details', jsonb_build_object('p_part_id', tap.id('filter')), tap.roles());

SELECT * FROM finish();
ROLLBACK;
