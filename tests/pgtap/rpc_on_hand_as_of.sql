BEGIN;
SELECT plan(52);
SELECT tap.fixture();

SELECT tap.is_rpc(
    'on_hand_as_of', ARRAY['uuid', 'uuid', 'timestamp with time zone', 'text'], 'stable');

-- A part whose movements happened in another order than they were recorded in.
INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
VALUES
    (tap.id('yacht'), tap.id('bolt in locker 1'), tap.id('bolt'), tap.id('locker 1')),
    (tap.id('yacht'), tap.id('bolt in locker 2'), tap.id('bolt'), tap.id('locker 2'));
INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type, recorded_at, occurred_at)
SELECT tap.id('yacht'), tap.id(m.stock), m.change, m.type, m.recorded_at, m.occurred_at
FROM (VALUES
    ('bolt in locker 1', 50, 'opening', timestamptz '2026-01-01Z', timestamptz '2026-01-01Z'),
    ('bolt in locker 1', -10, 'consumed', timestamptz '2026-01-03Z', timestamptz '2026-01-02Z'),
    ('bolt in locker 1', 20, 'received', timestamptz '2026-01-04Z', timestamptz '2025-12-31Z'),
    ('bolt in locker 2', 7, 'opening', timestamptz '2026-01-04Z', timestamptz '2026-01-04Z')
) AS m (stock, change, type, recorded_at, occurred_at);

SELECT is(
    tap.call_read_only('crew', 'on_hand_as_of', jsonb_build_object(
        'p_part_id', tap.id('bolt'), 'p_at', '2026-01-03Z', 'p_clock', 'recorded')),
    jsonb_build_object(
        'part_id', tap.id('bolt'), 'at', timestamptz '2026-01-03Z', 'clock', 'recorded',
        'on_hand', 40,
        'stocks', (
            SELECT jsonb_agg(jsonb_build_object(
                'stock_id', tap.id(s.stock), 'location_id', tap.id(s.location),
                'on_hand', s.on_hand) ORDER BY tap.id(s.stock))
            FROM (VALUES
                ('bolt in locker 1', 'locker 1', 40),
                ('bolt in locker 2', 'locker 2', 0)
            ) AS s (stock, location, on_hand))),
    'At a time the part has what its stocks had, each with its share');
SELECT is(tap.status(), 200, 'It is answered with 200, also read-only');
SELECT is(
    tap.call('crew', 'on_hand_as_of', jsonb_build_object(
        'p_part_id', tap.id('bolt'), 'p_at', t.at, 'p_clock', t.clock)) -> 'on_hand',
    to_jsonb(t.on_hand),
    format('By the clock %s there were %s at %s', t.clock, t.on_hand, t.at))
FROM (VALUES
    ('-infinity', 'recorded', 0), ('2025-12-31Z', 'recorded', 0), ('2026-01-01Z', 'recorded', 50),
    ('2026-01-02Z', 'recorded', 50), ('2026-01-04Z', 'recorded', 67), ('infinity', 'recorded', 67),
    ('-infinity', 'occurred', 0), ('2025-12-31Z', 'occurred', 20), ('2026-01-01Z', 'occurred', 70),
    ('2026-01-02Z', 'occurred', 60), ('2026-01-04Z', 'occurred', 67), ('infinity', 'occurred', 67)
) AS t (at, clock, on_hand);
SELECT is(
    tap.call('crew', 'on_hand_as_of', jsonb_build_object(
        'p_part_id', tap.id('bolt'), 'p_at', '2026-01-02Z')) -> 'clock',
    '"recorded"',
    'Without p_clock it is the time of recording that counts');
SELECT is(
    tap.call('crew', 'on_hand_as_of', jsonb_build_object(
        'p_part_id', tap.id(t.part), 'p_at', 'infinity')) -> 'on_hand',
    to_jsonb(t.on_hand),
    'It answers for ' || t.what)
FROM (VALUES ('gasket', 0, 'a part without a stock'), ('relic', 2, 'a deactivated part'))
    AS t (part, on_hand, what);
SELECT is(
    tap.call('crew', 'on_hand_as_of', jsonb_build_object(
        'p_part_id', tap.id('gasket'), 'p_at', 'infinity')) -> 'stocks',
    '[]',
    'A part without a stock has none to show');

INSERT INTO public.pms_inventory_transactions
    (yacht_id, stock_id, quantity_change, transaction_type)
VALUES
    (tap.id('yacht'), tap.id('bolt in locker 1'), 2147483647 - 60, 'received'),
    (tap.id('yacht'), tap.id('bolt in locker 2'), 2147483647 - 7, 'received');
SELECT is(
    tap.call('crew', 'on_hand_as_of', jsonb_build_object(
        'p_part_id', tap.id('bolt'), 'p_at', 'infinity', 'p_clock', t.clock)) -> 'on_hand',
    '4294967294',
    'Two full stocks are more than an integer holds, by the clock ' || t.clock)
FROM (VALUES ('recorded'), ('occurred')) AS t (clock);

SELECT tap.refuses(
    'crew', 'on_hand_as_of',
    jsonb_build_object('p_part_id', tap.id('bolt'), 'p_at', '2026-01-02Z') || t.argument, 400,
    'invalid_argument', jsonb_build_object('argument', t.refused, 'reason', t.reason),
    'It is refused with ' || t.what)
FROM (VALUES
    ('{"p_part_id": null}'::jsonb, 'p_part_id', 'is required', 'no part'),
    ('{"p_at": null}', 'p_at', 'is required', 'no time'),
    ('{"p_clock": null}', 'p_clock', 'is neither recorded nor occurred', 'no clock'),
    ('{"p_clock": "wall"}', 'p_clock', 'is neither recorded nor occurred', 'another clock')
) AS t (argument, refused, reason, what);
SELECT tap.refuses(
    'both', 'on_hand_as_of',
    jsonb_build_object('p_part_id', tap.id(t.part), 'p_at', '2026-01-02Z'), 404,
    'part_not_found', jsonb_build_object('part_id', tap.id(t.part)),
    'It is refused for ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);

SELECT tap.is_gated(
    'on_hand_as_of',
    jsonb_build_object('p_part_id', tap.id('bolt'), 'p_at', '2026-01-02Z'),
    tap.roles());

SELECT * FROM finish();
ROLLBACK;
