-- Percentiles of a histogram: the rank rounded up, and within its bucket rather too high.
BEGIN;
SELECT plan(18);

SELECT is(
    private.latency_quantile(tap.latency(c.calls), c.share), c.ms, c.what)
FROM (VALUES
    ('{}'::jsonb, 0.95, NULL::numeric, 'without calls there is none'),
    ('{"7": 1}', 0.95, 10, 'one call took as long as its bucket'),
    ('{"10": 1}', 0.95, 10, 'a bound belongs to its bucket'),
    ('{"10.001": 1}', 0.95, 15, 'and what is above it to the next'),
    ('{"0": 1}', 0.95, NULL, 'no call takes no time'),
    ('{"0.1": 4}', 0.5, 0.5, 'the first bucket begins at nothing'),
    ('{"500": 100}', 0.95, 497.5, 'calls of a bucket are spread evenly over it'),
    ('{"10": 95, "600": 5}', 0.95, 10, 'the 95th of 100 is the last of the quick ones'),
    ('{"10": 94, "600": 6}', 0.95, 500 + 100.0 / 6, 'or the first of six slow ones'),
    ('{"10": 19, "600": 1}', 0.95, 10, 'of 20 the 19th'),
    ('{"10": 18, "600": 1}', 0.95, 600, 'of 19 the 19th: the rank is rounded up'),
    ('{"10": 99, "1250": 1}', 0.99, 10, 'of 100 the 99th'),
    ('{"10": 98, "1250": 1}', 0.99, 1250, 'of 99 the 99th'),
    ('{"60000": 1}', 0.95, 60000, 'a minute is a minute'),
    ('{"60001": 1, "999999": 1}', 0.95, 60000, 'and all that is longer counts as a minute')
) AS c (calls, share, ms, what);
SELECT ok(
    private.latency_bounds() @> ARRAY(
        SELECT c.threshold::integer
        FROM private.canary_criteria AS c
        WHERE c.measure LIKE '%\_ms'),
    'every threshold is a bound, so no estimate decides on which side of it a percentile is');
SELECT is(
    (SELECT array_agg(b.bound ORDER BY b.bound) FROM unnest(private.latency_bounds()) AS b (bound)),
    private.latency_bounds(), 'bounds ascend');
SELECT is(
    cardinality(tap.latency('{}')), cardinality(private.latency_bounds()) + 1,
    'there is one bucket more than there are bounds');

SELECT * FROM finish();
ROLLBACK;
