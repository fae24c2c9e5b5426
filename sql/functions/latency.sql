-- Latency histograms. Every threshold of private.canary_criteria is a bound, so that whether a percentile
-- is under it does not depend on how it is estimated inside a bucket.

CREATE FUNCTION private.latency_bounds()
    RETURNS integer[]
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY[1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 300, 350, 400, 450, 500,
                 600, 750, 1000, 1250, 1500, 2000, 3000, 5000, 10000, 30000, 60000]
$function$;

ALTER FUNCTION private.latency_bounds() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.latency_bounds() IS
    'Upper bounds, inclusive, of the latency buckets in milliseconds; the bucket after the last has none.';
REVOKE ALL ON FUNCTION private.latency_bounds() FROM PUBLIC, anon, authenticated, service_role;

-- The nearest rank, rounded up; inside its bucket the calls are taken to be spread evenly, each at the
-- upper end of its share. So the estimate is never less than evenly spread calls would give, and it is
-- the bound itself for the last call of a bucket. What took more than the last bound counts as that.
CREATE FUNCTION private.latency_quantile(
    p_latency bigint[],
    p_share   numeric
)
    RETURNS numeric
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT b.lower + (b.upper - b.lower) * (b.rank - b.upto + b.calls) / b.calls
    FROM (
        SELECT
            l.calls,
            coalesce(c.bounds[l.place - 1], 0) AS lower,
            coalesce(c.bounds[l.place], c.bounds[l.place - 1]) AS upper,
            sum(l.calls) OVER (ORDER BY l.place) AS upto,
            ceil(p_share * sum(l.calls) OVER ()) AS rank
        FROM unnest(p_latency) WITH ORDINALITY AS l (calls, place)
        CROSS JOIN (SELECT private.latency_bounds() AS bounds) AS c
    ) AS b
    WHERE b.upto >= b.rank
      AND b.calls > 0
    ORDER BY b.upto
    LIMIT 1
$function$;

ALTER FUNCTION private.latency_quantile(bigint[], numeric) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.latency_quantile(bigint[], numeric) IS
    'Milliseconds that p_share (0 to 1) of the calls did not exceed, rather too high than too low; NULL without calls.';
REVOKE ALL ON FUNCTION private.latency_quantile(bigint[], numeric)
    FROM PUBLIC, anon, authenticated, service_role;
