-- Which yachts are in: written down, so that it never changes, and never taken back by a higher
-- percentage.
BEGIN;
SELECT plan(9);

-- Computed by another program, from the sentence in the function's file.
SELECT is(
    private.canary_bucket(c.flag, c.yacht_id), c.bucket,
    format('%s has its place for %s', c.yacht_id, c.flag))
FROM (VALUES
    ('part_lens_v2', uuid '00000000-0000-0000-0000-000000000000', 71),
    ('part_lens_v2', '0197a000-0000-7000-8000-000000000001', 88),
    ('part_lens_v2', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 28),
    ('part_lens_v2', '0197a000-ffff-7000-8000-0000000000ff', 58),
    ('other_flag', '00000000-0000-0000-0000-000000000000', 30),
    ('other_flag', '0197a000-ffff-7000-8000-0000000000ff', 74)
) AS c (flag, yacht_id, bucket);

CREATE TEMPORARY TABLE fleet AS
SELECT tap.id('yacht ' || n) AS yacht_id
FROM generate_series(1, 2000) AS n;

SELECT results_eq(
    $$SELECT min(private.canary_bucket('part_lens_v2', f.yacht_id)),
             max(private.canary_bucket('part_lens_v2', f.yacht_id))
      FROM fleet AS f$$,
    'VALUES (0, 99)',
    'places are 0 to 99');
SELECT is_empty(
    $$SELECT p.lower, f.yacht_id
      FROM generate_series(0, 99) AS p (lower)
      CROSS JOIN fleet AS f
      WHERE private.canary_bucket('part_lens_v2', f.yacht_id) < p.lower
        AND NOT private.canary_bucket('part_lens_v2', f.yacht_id) < p.lower + 1$$,
    'a higher percentage takes no yacht out');
SELECT ok(
    (SELECT count(*) BETWEEN 340 AND 460
     FROM fleet AS f
     WHERE private.canary_bucket('part_lens_v2', f.yacht_id) < 20),
    'some 20 of 100 yachts are under 20');

SELECT * FROM finish();
ROLLBACK;
