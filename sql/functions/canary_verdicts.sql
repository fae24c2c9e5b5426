-- private.canary_verdicts: figures against the criteria of a purpose. The criterion of a measure is the
-- one of the highest percentage that is not above p_percentage.

CREATE FUNCTION private.canary_verdicts(
    p_purpose    text,
    p_percentage integer,
    p_figures    jsonb,
    p_min_calls  integer
)
    RETURNS TABLE (
        measure    text,
        figure     numeric,
        comparison text,
        threshold  numeric,
        is_judged  boolean,
        holds      boolean
    )
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        c.measure,
        f.figure,
        c.comparison,
        c.threshold,
        f.figure IS NOT NULL
            AND (NOT c.needs_calls OR (p_figures ->> 'calls')::numeric >= p_min_calls),
        CASE c.comparison
            WHEN '<' THEN f.figure < c.threshold
            WHEN '<=' THEN f.figure <= c.threshold
            WHEN '=' THEN f.figure = c.threshold
            WHEN '>=' THEN f.figure >= c.threshold
            WHEN '>' THEN f.figure > c.threshold
        END
    FROM (
        SELECT DISTINCT ON (x.measure)
            x.measure, x.comparison, x.threshold, x.needs_calls
        FROM private.canary_criteria AS x
        WHERE x.purpose = p_purpose
          AND x.percentage <= p_percentage
        ORDER BY x.measure, x.percentage DESC
    ) AS c
    CROSS JOIN LATERAL (SELECT (p_figures ->> c.measure)::numeric AS figure) AS f
$function$;

ALTER FUNCTION private.canary_verdicts(text, integer, jsonb, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_verdicts(text, integer, jsonb, integer) IS
    'Each criterion of a purpose at a percentage with its figure; is_judged: there is a figure, and of enough calls; holds: it is as it must be.';
REVOKE ALL ON FUNCTION private.canary_verdicts(text, integer, jsonb, integer)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.canary_failures(
    p_purpose    text,
    p_percentage integer,
    p_figures    jsonb,
    p_min_calls  integer
)
    RETURNS text[]
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(v.measure ORDER BY v.measure), '{}')
    FROM private.canary_verdicts(p_purpose, p_percentage, p_figures, p_min_calls) AS v
    WHERE v.is_judged
      AND NOT v.holds
$function$;

ALTER FUNCTION private.canary_failures(text, integer, jsonb, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_failures(text, integer, jsonb, integer) IS
    'The measures that are not as they must be.';
REVOKE ALL ON FUNCTION private.canary_failures(text, integer, jsonb, integer)
    FROM PUBLIC, anon, authenticated, service_role;
