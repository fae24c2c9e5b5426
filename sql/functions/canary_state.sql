-- private.canary_state: where a flag stands, what it waits for, and the last decisions. Reads only.

CREATE FUNCTION private.canary_state(
    p_now       timestamptz,
    p_decisions integer DEFAULT 10,
    p_flag_name text    DEFAULT 'part_lens_v2'
)
    RETURNS jsonb
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT to_jsonb(f) || jsonb_build_object(
        'is_watched', coalesce(moved.is_watched, false),
        'fell_back', coalesce(moved.decision = 'fall_back', false),
        'soak_ends_at', f.updated_at + s.soak,
        'next_percentage', (
            SELECT min(x.percentage)
            FROM private.canary_steps AS x
            WHERE x.percentage > f.canary_percentage),
        'figures', figures.figures,
        'gap', private.canary_gap(
            greatest(f.updated_at, p_now - s.soak), p_now, s.max_gap),
        'min_calls', s.min_calls,
        'criteria', (
            SELECT jsonb_agg(to_jsonb(v) ORDER BY v.measure)
            FROM private.canary_verdicts(
                'step', f.canary_percentage, figures.figures, s.min_calls) AS v),
        'yachts', (
            SELECT jsonb_agg(jsonb_build_object(
                'yacht_id', y.yacht_id,
                'name', y.name,
                'bucket', private.canary_bucket(f.flag_name, y.yacht_id),
                'is_in', f.enabled
                    AND private.canary_bucket(f.flag_name, y.yacht_id) < f.canary_percentage)
                ORDER BY private.canary_bucket(f.flag_name, y.yacht_id), y.yacht_id)
            FROM public.yacht_registry AS y),
        'decisions', (
            SELECT jsonb_agg(to_jsonb(d) ORDER BY d.decision_id DESC)
            FROM (
                SELECT x.*
                FROM private.canary_decisions AS x
                WHERE x.flag_name = f.flag_name
                ORDER BY x.decision_id DESC
                LIMIT p_decisions
            ) AS d))
    FROM public.feature_flags AS f
    CROSS JOIN LATERAL (
        SELECT x.soak, x.min_calls, x.max_gap
        FROM private.canary_steps AS x
        WHERE x.percentage <= f.canary_percentage
        ORDER BY x.percentage DESC
        LIMIT 1
    ) AS s
    CROSS JOIN LATERAL private.canary_figures(
        f.updated_at, greatest(f.updated_at, p_now - s.soak), p_now) AS figures (figures)
    LEFT JOIN LATERAL (
        SELECT d.decision, d.is_watched
        FROM private.canary_decisions AS d
        WHERE d.flag_name = f.flag_name
          AND d.decision <> 'hold'
        ORDER BY d.decision_id DESC
        LIMIT 1
    ) AS moved ON true
    WHERE f.flag_name = p_flag_name
$function$;

ALTER FUNCTION private.canary_state(timestamptz, integer, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_state(timestamptz, integer, text) IS
    'A flag as of p_now: percentage, soak, figures of the step, its criteria, gap, yachts in and out, the newest p_decisions.';
REVOKE ALL ON FUNCTION private.canary_state(timestamptz, integer, text)
    FROM PUBLIC, anon, authenticated, service_role;
